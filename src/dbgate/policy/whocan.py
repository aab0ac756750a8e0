"""The reverse question: who may do this? Answered by the data path's own decision, for each user of each access rule."""

from __future__ import annotations

from dataclasses import dataclass

from dbgate.policy.compiled import CompiledPolicy
from dbgate.policy.evaluate import decide
from dbgate.policy.load import PolicyFile
from dbgate.policy.model import Entry
from dbgate.policy.operations import WITHOUT_TABLE
from dbgate.policy.precedence import Precedence
from dbgate.policy.verdict import BLOCK, Verdict
from dbgate.sql.statement import NEED_BARE, NEED_TABLE, Analysis, Need, RoutineRef, Statement


@dataclass(frozen=True, slots=True)
class Who:
    """A user (or glob) of one access rule. can: it passes; verdict: the decision; sources: [] = from anywhere; when,
    rate, transport: "" or the entry's limits, and what it demands of the connection; exceptions: users of a glob who
    may be decided by an earlier rule, with its line; reached: some client can come to this rule."""

    user: str
    sources: list[str]
    entry: str
    line: int
    can: bool
    reached: bool
    verdict: Verdict
    when: str
    rate: str
    transport: str
    exceptions: list[tuple[str, int]]


def who_can(file: PolicyFile, policy: CompiledPolicy, operation: str, schema: str, table: str) -> list[Who]:
    """Every user of every access rule, in the file's order. table: of a CALL the procedure; "" for what needs none. A
    WHERE, if the operation should have one, is taken to be there."""
    analysis = _analysis(operation, schema, table)
    entries = file.policy.access_control
    order = Precedence(entries)
    found: list[Who] = []
    for number, entry in enumerate(entries):
        compiled = policy.entries[number]
        verdict = decide(policy, compiled, analysis)
        for user in entry.user:
            exceptions = [
                (name, file.line("access_control", earlier))
                for name, earlier in order.exceptions(number, user)
            ]
            found.append(
                Who(
                    user,
                    [network.text for network in entry.source_ip or []],
                    compiled.name,
                    compiled.line,
                    verdict.effect != BLOCK,
                    not order.takers(number, user),
                    verdict,
                    compiled.clock.text if compiled.clock is not None else "",
                    compiled.rate_text,
                    _transport(entry),
                    exceptions,
                )
            )
    return found


def _transport(entry: Entry) -> str:
    if entry.cert_subject is not None:
        return f"with a client certificate of {entry.cert_subject}"
    return "over TLS" if entry.require_tls else ""


def _analysis(operation: str, schema: str, table: str) -> Analysis:
    """A statement that does nothing else."""
    calls: tuple[RoutineRef, ...] = ()
    need = Need(NEED_TABLE, operation, schema, table, operation != "SELECT")
    if operation in WITHOUT_TABLE or not table:
        need = Need(NEED_BARE, operation)
        if operation == "CALL" and table:
            calls = (RoutineRef(schema, table),)
    # No digest and no outline: neither learned shapes nor shapes of block_statements are asked about.
    statement = Statement(operation, (operation,), (need,), calls=calls)
    return Analysis((statement,), "", "", "", "", "", "", False)
