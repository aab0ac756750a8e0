"""`dbgate-cli audit tail`: the newest records of an audit log, and those that come."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any, Final

import click

from dbgate.cli.options import Exit, fail, far_options, output_option

if TYPE_CHECKING:
    from rich.text import Text

_POLL: Final = 0.25  # seconds
_BLOCK: Final = 1 << 16
_STYLES: Final = {"block": "red", "would_block": "yellow"}


@click.command()
@click.argument("file", type=click.Path(), required=False)
@click.option(
    "-n", "--lines", type=click.IntRange(min=0), default=20, show_default=True, help="So many to begin with."
)
@click.option(
    "-f", "--follow", is_flag=True, help="Go on with what comes, also over a rotation, until Ctrl-C."
)
@click.option(
    "--event", default="", metavar="NAME", help="Only this event; a prefix too: connection, query.blocked."
)
@click.option("--user", default="", metavar="NAME", help="Only this database user.")
@click.option("--rule", default="", metavar="ID", help="Only what this rule decided.")
@far_options
@output_option
def tail(
    file: str | None,
    lines: int,
    follow: bool,
    event: str,
    user: str,
    rule: str,
    socket: str | None,
    timeout: float,
    output: str,
) -> None:
    """Show the newest records of the audit log FILE.

    FILE is DBGATE_AUDIT_LOG where that is set, else audit_log of the dbgate.yaml in this folder, else
    /var/log/dbgate/audit.jsonl. A gateway that is named with --socket, or by an https address in
    DBGATE_CONTROL_SOCKET where no file is named, is asked for its own log. With -o json the records come as
    they are in the log, one a line.
    """
    from dbgate.cli.audit_far import asked_for, show_newest
    from dbgate.cli.audit_log import default_log

    there = asked_for(socket, (file,) if file else ())
    if socket and follow:
        fail(
            Exit.USAGE,
            "a gateway's log can only be followed where its file can be read",
            "name the file, or ask again and again",
        )
    if there and not follow:
        asked = {"event": event, "user": user, "rule": rule}
        show_newest(there, timeout, asked, _filter(event, user, rule), lines, printer(output))
        return
    file = file or default_log()
    wanted = _filter(event, user, rule)
    show = printer(output)
    try:
        with open(file, "rb") as log:
            for line, record in _last(log, lines, wanted):
                show(line, record)
            if follow:
                _follow(file, log, wanted, show)
    except BrokenPipeError:  # of standard output: whoever reads it has seen enough, which is click's to end
        raise
    except OSError as error:
        fail(
            Exit.USAGE,
            f"the audit log {file} cannot be read: {error.strerror}",
            "give its path, or set DBGATE_AUDIT_LOG; `dbgate serve` prints where it writes",
        )
    except KeyboardInterrupt:
        return


Wanted = Callable[[dict[str, Any]], bool]
Show = Callable[[bytes, dict[str, Any]], None]


def _filter(event: str, user: str, rule: str) -> Wanted:
    def wanted(record: dict[str, Any]) -> bool:
        found = str(record.get("event", ""))
        return (
            (not event or found == event or found.startswith(event + "."))
            and (not user or record.get("db_user") == user)
            and (not rule or record.get("rule") == rule)
        )

    return wanted


def parse(line: bytes) -> dict[str, Any] | None:
    """The record of one line; None where it is none (a line that a crash cut, something foreign)."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def newest(log: IO[bytes], count: int, wanted: Wanted, most: int) -> list[dict[str, Any]]:
    """The newest `count` records that are wanted, oldest first, of about the last `most` bytes."""
    return [record for _, record in _last(log, count, wanted, most)]


def _last(
    log: IO[bytes], count: int, wanted: Wanted, most: int = 1 << 62
) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The newest `count` records that are wanted, oldest first; the file is then at its end. Reads backwards, so a
    large log costs no more than what is looked at."""
    end = log.seek(0, os.SEEK_END)
    found: deque[tuple[bytes, dict[str, Any]]] = deque()
    at = end
    rest = b""
    while at > 0 and len(found) < count and end - at < most:
        step = min(_BLOCK, at)
        at -= step
        log.seek(at)
        pieces = (log.read(step) + rest).split(b"\n")
        rest = pieces[0] if at > 0 else b""
        for line in reversed(pieces[1:] if at > 0 else pieces):
            record = parse(line) if line else None
            if record is not None and wanted(record) and len(found) < count:
                found.appendleft((line, record))
    log.seek(end)
    yield from found


def _follow(path: str, log: IO[bytes], wanted: Wanted, show: Show) -> None:
    """What is appended, for ever; where the path names another file from now on, the rest of the old one first."""
    newer: IO[bytes] | None = None
    rest = b""
    try:
        while True:
            if chunk := log.read(_BLOCK):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    record = parse(line)
                    if record is not None and wanted(record):
                        show(line, record)
                continue
            moved = _moved(path, log)
            if moved == _REPLACED and not (chunk := log.read(1)):
                if newer is not None:
                    newer.close()
                newer = log = open(path, "rb")  # noqa: SIM115  # closed below
                rest = b""
            elif moved == _REPLACED:
                log.seek(-1, os.SEEK_CUR)  # the last lines came while we looked
            elif moved == _EMPTIED:
                log.seek(0)
                rest = b""
            else:
                time.sleep(_POLL)
    finally:
        if newer is not None:
            newer.close()


_SAME: Final = 0
_REPLACED: Final = 1
_EMPTIED: Final = 2


def _moved(path: str, log: IO[bytes]) -> int:
    """What became of the path since `log` was opened there."""
    try:
        there = os.stat(path)
    except FileNotFoundError:  # between two steps of a rotation
        return _SAME
    here = os.fstat(log.fileno())
    if (here.st_ino, here.st_dev) != (there.st_ino, there.st_dev):
        return _REPLACED
    return _EMPTIED if there.st_size < log.tell() else _SAME


def printer(output: str) -> Show:
    """Prints a record: one line of text, or of JSON."""
    from dbgate.cli import output as out

    if output == "json":

        def show_json(line: bytes, record: dict[str, Any]) -> None:
            print(
                out.printable_json(json.dumps(record, ensure_ascii=False, separators=(",", ":"))), flush=True
            )

        return show_json
    console = out.console()

    def show_text(line: bytes, record: dict[str, Any]) -> None:
        console.print(_text(record), soft_wrap=not console.is_terminal, no_wrap=True, overflow="ellipsis")

    return show_text


def _text(record: dict[str, Any]) -> Text:
    """One line: when, what, who, on what, by which rule."""
    from dbgate.cli import output as out

    event = str(record.get("event", ""))
    decision = str(record.get("decision", ""))
    text = out.cell(str(record.get("time", ""))[:23].replace("T", " "), "dim")
    text.append(" ")
    text.append(f"{out.one_line(event):<17}", style=_STYLES.get(decision, ""))
    user, address = record.get("db_user"), record.get("client_ip")
    who = f"{user or '-'}@{address or '-'}" if user or address else "-"
    text.append(f" {out.one_line(who):<22} ")
    if rule := record.get("rule"):
        line = record.get("rule_line")
        where = out.one_line(f"[{rule} line {line}]" if line else f"[{rule}]")
        text.append(f"{where} ", style=_STYLES.get(decision, "bold"))
    said = record.get("statement") or record.get("reason") or ""
    text.append(out.one_line(str(said)))
    if (error := out.number(record, "error_code")) and decision != "block":
        text.append(f" error {error}", style="red")
    duration = record.get("duration_us")
    if isinstance(duration, int) and event.startswith("query"):
        text.append(f" ({out.micros(duration)}, {out.count(out.number(record, 'rows'))} rows)", style="dim")
    return text
