"""The reverse question: who may do this? Answered by the data path's own decision, for each user of each access rule."""

from __future__ import annotations

from dataclasses import dataclass

from dbgate.policy.compiled import CompiledEntry, CompiledPolicy
from dbgate.policy.evaluate import decide
from dbgate.policy.load import PolicyFile
from dbgate.policy.model import Entry
from dbgate.policy.operations import WITHOUT_TABLE, mask_allows
from dbgate.policy.precedence import Precedence
from dbgate.policy.verdict import BLOCK, Verdict
from dbgate.sql.columns import TableColumns, fold_column
from dbgate.sql.statement import NEED_BARE, NEED_TABLE, Analysis, Need, RoutineRef, Statement


@dataclass(frozen=True, slots=True)
class Who:
    """A user (or glob) of one access rule. can: it passes; verdict: the decision; sources: [] = from anywhere; when,
    rate, transport: "" or the entry's limits, and what it demands of the connection; exceptions: users of a glob who
    may be decided by an earlier rule, with its line; reached: some client can come to this rule; columns: those of the
    table that it is limited to, [] = none are left out."""

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
    columns: list[str]


def who_can(
    file: PolicyFile, policy: CompiledPolicy, operation: str, schema: str, table: str, column: str = ""
) -> list[Who]:
    """Every user of every access rule, in the file's order. table: of a CALL the procedure; "" for what needs none;
    column: the one that it is done to, "" for any. A WHERE, if the operation should have one, is taken to be there."""
    analysis = _analysis(operation, schema, table)
    entries = file.policy.access_control
    order = Precedence(entries)
    found: list[Who] = []
    for number, entry in enumerate(entries):
        compiled = policy.entries[number]
        columns = _columns(compiled, operation, schema, table)
        # The question is about these columns, so the table has no others.
        known = TableColumns({f"{schema}\0{table}": (fold_column(column),) if column else tuple(columns)})
        verdict = decide(policy, compiled, analysis, columns=known)
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
                    columns,
                )
            )
    return found


def _columns(entry: CompiledEntry, operation: str, schema: str, table: str) -> list[str]:
    """The columns of the table that `entry` grants the operation on, where it does not grant it on all of them."""
    limits = entry.column_rights
    if limits is None or mask_allows(entry.rights.on_table(schema, table), operation):
        return []
    return sorted(limits.columns(entry.rights.grants_on(schema, table), operation))


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
