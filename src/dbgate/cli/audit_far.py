"""`dbgate-cli audit query --socket` and `audit tail --socket`: records that a gateway is asked for, where its log cannot be read from here."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import click

from dbgate.cli.options import Exit, fail, fail_control

MOST_LINES: Final = 10_000
_PAGE: Final = 500
# Each of them may be what 48 MiB of the log had: what answers on and on is no gateway
_MOST_PAGES: Final = 5000
_MOST_TROUBLES: Final = 100


def asked_for(socket: str | None, files: tuple[str, ...]) -> str:
    """The gateway that is to be asked, "" = files are read: one that is named here, or, where no file is, by the environment
    as an address."""
    if socket and files:
        fail(Exit.USAGE, "both FILES and --socket are given", "read the files, or ask the gateway")
    if socket or files:
        return socket or ""
    from dbgate.control.access import remote

    there = os.environ.get("DBGATE_CONTROL_SOCKET", "")
    return there if remote(there) else ""


def show_newest(
    socket: str,
    timeout: float,
    asked: dict[str, str],
    wanted: Callable[[dict[str, Any]], bool],
    lines: int,
    show: Callable[[bytes, dict[str, Any]], None],
) -> int:
    """Shows the newest records, oldest first, and gives their number. asked: parameters of GET /v1/audit; wanted: what
    remains of its answer."""
    from dbgate.control.audit_far import audit
    from dbgate.control.client import Access, ControlClient, ControlError

    if not 1 <= lines <= MOST_LINES:
        fail(
            Exit.USAGE,
            f"a gateway gives 1 to {MOST_LINES} records, not {lines}",
            "name how many with --lines",
        )
    client = ControlClient(socket, timeout, access=Access.from_environment())
    found: list[dict[str, Any]] = []
    troubles: dict[str, None] = {}
    cursor = ""
    try:
        for _ in range(_MOST_PAGES):
            page = audit(client, {**asked, "limit": str(min(_PAGE, lines - len(found))), "cursor": cursor})
            found += [record for record in page["records"] if wanted(record)]
            troubles.update(dict.fromkeys(page["trouble"][: _MOST_TROUBLES - len(troubles)]))
            if len(found) >= lines or not page["older"] or page["older"] == cursor:
                break
            cursor = page["older"]
    except ControlError as error:
        fail_control(error)
    for record in reversed(found[:lines]):
        show(json.dumps(record, separators=(",", ":")).encode("ascii"), record)
    from dbgate.cli.output import printable

    for trouble in troubles:
        click.echo(f"dbgate-cli: {printable(trouble)}", err=True)
    return len(found)


def moment(seconds: float | None) -> str:
    """As the control API takes a time; "" for none."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
