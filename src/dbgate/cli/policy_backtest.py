"""`dbgate-cli policy backtest`: recorded statements through a candidate policy."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from dbgate.cli.options import Exit, gateway_options, output_option

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient
    from dbgate.policy.backtest import Backtest, Group, Tally

_TITLES: Final = {
    "newly_blocked": ("NEWLY BLOCKED", "red"),
    "newly_allowed": ("NEWLY ALLOWED", "yellow"),
    "newly_monitored": ("NEWLY WOULD BLOCK", ""),
}
NOT_JUDGED: Final = (
    "Logins, rate limits, row caps, TLS, and what views, routines and triggers do are not judged here; "
    "literals that the log masked are never guessed."
)


@click.command()
@click.argument("policy", metavar="POLICY")
@click.option(
    "--traffic",
    "logs",
    multiple=True,
    type=click.Path(),
    metavar="LOG",
    help="An audit log, may be given several times.  [default: DBGATE_AUDIT_LOG with its rotated files]",
)
@click.option(
    "--fail-on",
    type=click.Choice(["any", "blocked", "allowed", "never"]),
    default="any",
    show_default=True,
    help="Which change makes the exit status 1.",
)
@click.option("--strict", is_flag=True, help="A statement without an answer makes it 1, too.")
@click.option(
    "-n", "--lines", type=click.IntRange(min=1), default=20, show_default=True, help="Changes shown."
)
@output_option
@gateway_options
@click.pass_context
def backtest(
    ctx: click.Context,
    client: ControlClient,
    policy: str,
    logs: tuple[str, ...],
    fail_on: str,
    strict: bool,
    lines: int,
    output: str,
) -> None:
    """Show what POLICY would have done with the statements of an audit log.

    POLICY is a file, or the number of a version of the running gateway. Compares with what was decided at
    the time. Statements whose verdict depends on literals that the log does not keep are counted as
    undecided. Exit status 1 if a decision would change, or if there was no statement to judge.
    """
    from dbgate.cli.policy_sources import compiled, read_policy
    from dbgate.policy.backtest import Backtest
    from dbgate.policy.rejudge import Rejudge

    candidate = read_policy(client, policy)
    test = Backtest(Rejudge(compiled(candidate)))
    seconds, skipped = run(test, logs)
    show(test.tally, candidate.name, "what was decided", seconds, skipped, lines, output)
    ctx.exit(int(Exit.NO if says_no(test.tally, fail_on, strict) else Exit.DONE))


def says_no(tally: Tally, fail_on: str, strict: bool) -> bool:
    """Whether the exit status is 1."""
    changed = tally.changed
    if not tally.records or (strict and tally.undecided):
        return True
    blocked = fail_on in ("any", "blocked") and changed["newly_blocked"] > 0
    return blocked or (fail_on in ("any", "allowed") and changed["newly_allowed"] > 0)


def run(test: Backtest, logs: tuple[str, ...]) -> tuple[float, int]:
    """Feeds the logs to `test`; gives the seconds that it took, and how many lines were no records."""
    import msgspec

    from dbgate.cli.audit_log import default_log, total_bytes, with_rotated
    from dbgate.cli.audit_log import lines as read
    from dbgate.policy.behind import by_what_is_behind
    from dbgate.policy.rejudge import Recorded

    class Row(msgspec.Struct):
        """What is read of a line; strings of a kind are often the same, so they are kept once by the caches."""

        time: str = ""
        event: str = ""
        operation: str = ""
        db_user: str = ""
        client_ip: str = ""
        db_schema: str = ""
        statement: str = ""
        digest: str = ""
        operations: tuple[str, ...] = ()
        tables: tuple[str, ...] = ()
        detections: tuple[str, ...] = ()
        decision: str = ""
        rule: str = ""
        reason: str = ""

    files = list(logs) or with_rotated(default_log())
    decode = msgspec.json.Decoder(Row).decode
    add = test.add
    skipped = 0
    began = time.perf_counter()
    with progress(total_bytes(files)) as told:
        for line in read(files, told):
            try:
                row = decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                skipped += 1
                continue
            # What was asked of the gateway itself is no statement of the server's.
            if row.event.startswith("query") and not row.operation.startswith("DBGATE"):
                add(
                    Recorded(
                        row.db_user,
                        row.client_ip,
                        row.db_schema,
                        row.statement,
                        row.digest,
                        row.operations,
                        row.tables,
                        row.detections,
                        row.rule,
                        _wall(row.time),
                        by_what_is_behind(row.reason),
                    ),
                    row.decision,
                )
    return time.perf_counter() - began, skipped


def _wall(text: str) -> float:
    """Unix seconds; those of 1970 where the record tells no time."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], Any] | None]:
    """A bar on standard error where that is a terminal, else nothing."""
    if not sys.stderr.isatty() or not total:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    columns = ("Reading", BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)

        def told(done: int) -> None:
            bar.update(task, completed=done)

        yield told


def show(tally: Tally, new: str, old: str, seconds: float, skipped: int, lines: int, output: str) -> None:
    """Prints what was found."""
    from dbgate.cli import output as out

    groups = tally.by_count()
    if output == "json":
        out.print_json(
            {
                "policy": new,
                "compared_with": old,
                "statements": tally.records,
                "same": tally.same,
                **tally.changed,
                "undecided": tally.undecided,
                "undecided_why": tally.unknown,
                "skipped_lines": skipped,
                "changes": [_as_json(group) for group in groups[:lines]],
                "more_changes": max(0, len(groups) - lines) + tally.ungrouped,
                "not_judged": NOT_JUDGED,
            }
        )
        return
    if not tally.records:
        print("There was no statement in the log: nothing is known of this policy.")
        return
    rate = f", {tally.records / seconds:,.0f}/s" if seconds > 0.5 else ""
    print(out.printable(f"{tally.records:,} statements under {new}, compared with {old}{rate}:"))
    console = out.console()
    numbers = [
        ("unchanged", tally.same, ""),
        ("newly blocked", tally.changed["newly_blocked"], "bold red"),
        ("newly allowed", tally.changed["newly_allowed"], "bold yellow"),
        ("newly would block", tally.changed["newly_monitored"], "yellow"),
        ("undecided", tally.undecided, "yellow"),
    ]
    for name, value, style in numbers:
        console.print(out.heading(f"  {value:>12,}  {name}", style if value else ""))
    for why, value in sorted(tally.unknown.items(), key=lambda item: -item[1]):
        console.print(out.heading(f"  {value:>12,}    {why}", "dim"))
    if skipped:
        print(f"  {skipped:>12,}  lines that are no audit records")
    for what in _TITLES:
        _groups(what, [group for group in groups if group.what == what], lines)
    print(NOT_JUDGED)


def _groups(what: str, groups: list[Group], lines: int) -> None:
    from dbgate.cli import output as out

    if not groups:
        return
    title, style = _TITLES[what]
    console = out.console()
    console.print("")
    console.print(
        out.heading(title + (f" (the first {lines} of {len(groups)})" if len(groups) > lines else ""))
    )
    made = out.table(
        ("COUNT", "RULE", "LINE", "USER", "DIGEST", "STATEMENT"),
        numbers=("COUNT", "LINE"),
        whole={"COUNT": 7, "RULE": out.longest(group.rule for group in groups), "DIGEST": 12},
    )
    for group in groups[:lines]:
        made.add_row(
            out.cell(out.count(group.count), style),
            out.cell(group.rule or "-"),
            out.cell(group.line or "-"),
            out.cell(group.user),
            out.cell(group.digest[:12] or "-"),
            out.cell(group.statement),
        )
    console.print(made)


def _as_json(group: Group) -> dict[str, Any]:
    return {
        "what": group.what,
        "count": group.count,
        "rule": group.rule,
        "line": group.line,
        "digest": group.digest,
        "user": group.user,
        "entry": group.entry,
        "statement": group.statement,
        "reason": group.reason,
    }
