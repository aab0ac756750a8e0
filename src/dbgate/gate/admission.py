"""Who may log in: the names in a login, and what the policy says of them. Whom the worker has let in before, in the
same words, from the same address and under the same policy, is not judged anew.
"""

from __future__ import annotations

from typing import Final

from dbgate.gate import context
from dbgate.gate.brain import refusal
from dbgate.gate.familiar import Named
from dbgate.gate.state import Login, State
from dbgate.policy.login import judge_login
from dbgate.policy.verdict import ALLOW, Verdict
from dbgate.sql.charset import charset_followed

# Both servers take the quotes off 'name', and cut what is longer than this (characters; parse_client_handshake_packet
# in their sql/auth): a user that no rule names would become one that a rule does.
MYSQL_USER: Final = 32
MARIADB_USER: Final = 128


def who(user: bytes, schema: bytes, charset: str, plugin: str) -> Named:
    """Whom a login names. charset: of its names; "" = an id that no server knows: what it made of it is read behind its
    OK."""
    followed = charset == "" or charset_followed(charset)
    charset = charset or "utf8mb4"
    user_name = context.decode(user, charset)
    schema_name = context.decode(schema, charset)
    shown = user.decode("utf-8", "backslashreplace") if user_name is None else user_name
    shown_schema = schema.decode("utf-8", "backslashreplace") if schema_name is None else schema_name
    return Named(user_name, schema_name, shown, shown_schema, charset, followed, plugin)


def judge(state: State, named: Named, now: float) -> Login:
    """Find the access rule, and judge the schema as a USE of it (policy.md, Login)."""
    brain = state.brain
    login = Login(named.shown, named.shown_schema, now)
    login.who = named
    state.login = login
    known: Verdict | None = None
    if not state.client_tls:
        known = named.known(brain.epoch, state.client_ip, brain.fold_names, state.mariadb)
    if known is not None:
        login.verdict = known
        login.entry = named.entry
        login.epoch = brain.epoch
    else:
        login.verdict = _decide(state, named, login, now)
    return login


def _decide(state: State, named: Named, login: Login, now: float) -> Verdict:
    brain = state.brain
    user = named.user
    schema = named.schema
    if brain.halted:
        return refusal("audit-failure", brain.halted)
    if not named.followed:
        return refusal("session-state", f"character set {named.charset} cannot be followed")
    if user is None or schema is None:
        return refusal("parse-error", "a name cannot be read in the client's character set")
    if len(user) > (MARIADB_USER if state.mariadb else MYSQL_USER) or user[:1] == "'":
        return refusal("parse-error", "the server would take this user name for another")
    if brain.legs.required and not state.client_tls:
        return refusal("tls-required", "every client must use TLS (tls_mode)")
    entry = brain.entry_for(user, state.client_ip)
    login.entry = entry
    login.epoch = brain.epoch
    verdict = judge_login(
        brain.policy,
        user,
        state.client_ip,
        schema,
        now + brain.wall_offset,
        brain.fold_names,
        state.client_tls,
        state.cert_subject,
        brain.familiar.schemas,
        entry,
    )
    if verdict.effect == ALLOW and entry is not None and not entry.has_clock and not state.client_tls:
        named.judged(entry, verdict, brain.epoch, state.client_ip, brain.fold_names, state.mariadb)
    return verdict
