"""`dbgate-cli audit query`: which records say this?"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import click

from dbgate.cli.audit_tail import parse, printer
from dbgate.cli.options import Exit, fail, far_options, output_option
from dbgate.cli.policy_explain import Moment

_LESS: Final = "ask for less, or for another time"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class When(Moment):
    """A moment, or how long ago: 15m, 2h, 7d."""

    examples = f"{Moment.examples}, or 15m, 2h, 7d (ago)"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Unix seconds."""
        match = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if match is None:
            return super().convert(value, param, ctx)
        return max(0.0, time.time() - int(match[1]) * _UNITS[match[2]])


@click.command()
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--user", default="", metavar="NAME", help="Only this database user.")
@click.option("--rule", default="", metavar="ID", help="Only what this rule decided.")
@click.option(
    "--table",
    default="",
    metavar="NAME",
    help="Only what touches it: schema.table, or a table of any schema.",
)
@click.option("--digest", default="", metavar="HEX", help="Only this digest; its first digits will do.")
@click.option(
    "--event-id", default="", metavar="ID", help="Only this record: the id of a client's error message."
)
@click.option("--session", default="", metavar="ID", help="Only this session.")
@click.option("--source", default="", metavar="IP", help="Only from this address.")
@click.option(
    "--decision",
    type=click.Choice(["allow", "would_block", "block"]),
    default=None,
    help="Only what ended so.",
)
@click.option(
    "--event", default="", metavar="NAME", help="Only this event; a prefix too: connection, query.blocked."
)
@click.option(
    "--since", type=When(), default=None, metavar="TIME", help="From then on; a time, or 15m, 2h, 7d ago."
)
@click.option("--until", type=When(), default=None, metavar="TIME", help="Before then; as --since.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="The newest so many; 0 = all.",
)
@far_options
@output_option
def query(
    files: tuple[str, ...],
    user: str,
    rule: str,
    table: str,
    digest: str,
    event_id: str,
    session: str,
    source: str,
    decision: str | None,
    event: str,
    since: float | None,
    until: float | None,
    lines: int,
    socket: str | None,
    timeout: float,
    output: str,
) -> None:
    """Find records in the audit logs FILES, oldest first.

    FILES is DBGATE_AUDIT_LOG (else audit_log of the dbgate.yaml in this folder, else /var/log/dbgate/audit.jsonl) with
    its rotated files where nothing is named; rotated files may be compressed (.gz); - is standard input. A gateway that
    is named with --socket, or by an https address in DBGATE_CONTROL_SOCKET where no file is named, searches its own
    log. Exit status 1 if there is no such record.
    """
    from dbgate.cli.audit_far import asked_for, moment, show_newest
    from dbgate.cli.audit_log import default_log, total_bytes, with_rotated
    from dbgate.cli.audit_log import lines as read
    from dbgate.cli.policy_backtest import progress

    exact = {
        name: value
        for name, value in {
            "db_user": user,
            "rule": rule,
            "event_id": event_id,
            "session_id": session,
            "client_ip": source,
            "decision": decision,
        }.items()
        if value
    }
    wanted = _filter(exact, table, digest.lower(), event, since, until)
    there = asked_for(socket, files)
    if there:
        asked = {"user": user, "rule": rule, "event_id": event_id, "session": session, "source": source}
        asked.update(decision=decision or "", table=table, digest=digest.lower(), event=event)
        asked.update(since=moment(since), until=moment(until))
        shown = show_newest(there, timeout, asked, wanted, lines, printer(output))
        if not shown:
            fail(Exit.NO, f"no such record in the log of {there}", _LESS)
        return
    # A line that does not hold the longest wanted text need not be decoded.
    plain = [
        value for value in (*exact.values(), digest.lower()) if re.fullmatch(r"[\w.:@-]*", value, re.ASCII)
    ]
    needle = max(plain, key=len, default="").encode()
    paths = list(files) or with_rotated(default_log())
    show = printer(output)
    found: deque[tuple[bytes, dict[str, Any]]] = deque(maxlen=lines or None)
    count = 0
    with progress(total_bytes(paths)) as told:
        for line in read(paths, told):
            if needle and needle not in line:
                continue
            record = parse(line)
            if record is None or not wanted(record):
                continue
            count += 1
            if lines:
                found.append((line, record))
            else:
                show(line, record)
    for line, record in found:
        show(line, record)
    if output == "table" and count > len(found) and lines:
        click.echo(
            f"dbgate-cli: {count:,} records; the newest {lines} are shown (--lines 0 for all)", err=True
        )
    if not count:
        fail(
            Exit.NO,
            f"no such record in {', '.join(paths)}",
            f"{_LESS}, or name other files",
        )


def _filter(
    exact: dict[str, str], table: str, digest: str, event: str, since: float | None, until: float | None
) -> Callable[[dict[str, Any]], bool]:
    qualified = "." in table

    def touches(record: dict[str, Any]) -> bool:
        tables = record.get("tables")
        if not isinstance(tables, list):
            return False
        return any(name == table if qualified else str(name).rpartition(".")[2] == table for name in tables)

    def wanted(record: dict[str, Any]) -> bool:
        if any(record.get(name) != value for name, value in exact.items()):
            return False
        kind = str(record.get("event", ""))
        if event and kind != event and not kind.startswith(event + "."):
            return False
        if digest and not str(record.get("digest", "")).startswith(digest):
            return False
        if table and not touches(record):
            return False
        if since is None and until is None:
            return True
        try:
            at = datetime.fromisoformat(str(record.get("time", ""))).timestamp()
        except ValueError:
            return False
        return (since is None or at >= since) and (until is None or at < until)

    return wanted
