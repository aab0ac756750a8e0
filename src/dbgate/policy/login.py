"""Logins (the handshake, and COM_CHANGE_USER), judged before the server sees them."""

from __future__ import annotations

from typing import Final

from dbgate.policy.compiled import CompiledEntry, CompiledPolicy
from dbgate.policy.evaluate import NO_POLICY, admit, combine, decide, find_entry
from dbgate.policy.transport import transport
from dbgate.policy.verdict import BLOCK, Verdict
from dbgate.sql.statement import NEED_SCHEMA_VISIBLE, Analysis, Need, Statement

MOST_KNOWN: Final = 1000  # verdicts on schemas, whose names clients choose


def use_schema(schema: str, folded: bool) -> Analysis:
    """A change of the current schema to `schema` that no SQL text asked for, in the words of a USE.
    folded: the server compares names without case, and `schema` is in lower case."""
    need = Need(NEED_SCHEMA_VISIBLE, "USE", schema)
    statement = Statement("USE", ("USE",), (need,), session=True, new_schema=schema)
    return Analysis((statement,), "", "", f"USE {schema}", "", "USE", "USE", False, folded)


def judge_login(
    policy: CompiledPolicy | None,
    user: str,
    client_ip: str,
    schema: str,
    wall: float,
    folded: bool,
    tls: bool = False,
    subject: str = "",
    known: dict[str, Verdict] | None = None,
    entry: CompiledEntry | None = None,
) -> Verdict:
    """Whether `user` may log in from `client_ip` with `schema` ("" = none) at `wall` (seconds since the epoch).
    tls, subject: of the client's connection, as policy.transport takes them; known: verdicts on schemas under this very
    policy, which are looked up there and put there; entry: its access rule under this very policy, None = to be looked
    up.

    Steps 1, 3 and 4, and the schema as a USE. A login is no statement, so the rate is not asked."""
    if policy is None:
        return NO_POLICY
    if entry is None:
        entry = find_entry(policy, user, client_ip)
    if entry is None:
        reason = f"no access rule matches user '{user}' from {client_ip or 'nowhere'}"
        return Verdict(BLOCK, "no-access-rule", 0, reason, "enforce", "", 3)
    decided = entry.allowed
    if schema != "":
        name = schema.lower() if folded else schema
        key = f"{entry.number}.{folded}.{name}"
        found = known.get(key) if known is not None else None
        if found is None:
            found = decide(policy, entry, use_schema(name, folded))
            if known is not None:
                if len(known) >= MOST_KNOWN:
                    known.clear()
                known[key] = found
        decided = found
    decided = combine(transport(entry, tls, subject), decided)
    return combine(admit(policy, entry, wall, True), decided)
