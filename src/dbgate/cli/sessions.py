"""`dbgate-cli sessions`: who is connected, and `sessions kill`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from dbgate.cli.options import gateway_options, output_option

if TYPE_CHECKING:
    from rich.table import Table

    from dbgate.control.client import ControlClient
    from dbgate.control.messages import SessionInfo

SORTS: Final = ("connected", "user", "queries", "blocked", "state")


@click.group(invoke_without_command=True)
@click.option(
    "--sort", type=click.Choice(SORTS), default="connected", show_default=True, help="What comes first."
)
@click.option("--user", default="", metavar="NAME", help="Only this database user.")
@output_option
@gateway_options
@click.pass_context
def sessions(ctx: click.Context, client: ControlClient, sort: str, user: str, output: str) -> None:
    """List the open client sessions, or end one."""
    if ctx.invoked_subcommand is not None:
        return
    found = [info for info in client.sessions() if not user or info.get("db_user") == user]
    found.sort(key=_KEYS[sort])
    from dbgate.cli import output as out

    if output == "json":
        out.print_json({"sessions": found})
        return
    if not found:
        print("No open session." if not user else f"No open session of {out.printable(user)}.")
        return
    console = out.console()
    console.print(_table(found, console.width))


@sessions.command()
@click.argument("session_id")
@output_option
@gateway_options
def kill(client: ControlClient, session_id: str, output: str) -> None:
    """End the session SESSION_ID (see `dbgate-cli sessions`)."""
    from dbgate.cli import output as out

    result = client.kill(session_id)
    if output == "json":
        out.print_json(result)
        return
    detail = result.get("detail", "")
    print(out.printable(f"Session {session_id} is ended{': ' + detail if detail else ''}."))


def _connected(info: SessionInfo) -> str:
    return str(info.get("connected_at", ""))


def _user(info: SessionInfo) -> str:
    return str(info.get("db_user", ""))


def _queries(info: SessionInfo) -> int:
    return -int(info.get("queries", 0))


def _blocked(info: SessionInfo) -> int:
    return -int(info.get("blocked", 0))


def _state(info: SessionInfo) -> str:
    return str(info.get("state", ""))


_KEYS: Final[dict[str, Callable[[SessionInfo], Any]]] = {
    "connected": _connected,
    "user": _user,
    "queries": _queries,
    "blocked": _blocked,
    "state": _state,
}


def _table(found: list[SessionInfo], width: int) -> Table:
    from dbgate.cli import output as out

    # On a narrow terminal the least telling columns go first; -o json always has everything.
    columns = [
        "SESSION",
        "USER",
        "FROM",
        "TLS",
        "SCHEMA",
        "STATE",
        "AGE",
        "QUERIES",
        "BLOCKED",
        "LAST DIGEST",
    ]
    for name, needed in (("LAST DIGEST", 105), ("SCHEMA", 95), ("AGE", 80), ("STATE", 70)):
        if width < needed:
            columns.remove(name)
    made = out.table(
        columns,
        numbers=("AGE", "QUERIES", "BLOCKED"),
        whole={
            "SESSION": out.longest(info.get("session_id", "") for info in found),
            "TLS": 3,
            "QUERIES": 7,
            "BLOCKED": 7,
        },
    )
    now = time.time()
    for info in found:
        blocked = int(info.get("blocked", 0))
        cells = {
            "SESSION": out.cell(info.get("session_id", "")),
            "USER": out.cell(info.get("db_user", "")),
            "FROM": out.cell(f"{info.get('client_ip', '')}:{info.get('client_port', '')}"),
            "TLS": _tls(info),
            "SCHEMA": out.cell(info.get("db_name") or "-"),
            "STATE": out.cell(info.get("state", "")),
            "AGE": out.cell(_age(info, now)),
            "QUERIES": out.cell(out.count(int(info.get("queries", 0)))),
            "BLOCKED": out.cell(out.count(blocked), "bold red" if blocked else ""),
            "LAST DIGEST": out.cell(str(info.get("last_digest", ""))[:12] or "-"),
        }
        made.add_row(*(cells[name] for name in columns))
    return made


def _tls(info: SessionInfo) -> Any:
    """Whether the client came by TLS, and with a certificate; an older gateway does not tell."""
    from dbgate.cli import output as out

    if "tls" not in info:
        return out.cell("?", "dim")
    if not info["tls"]:
        return out.cell("no", "dim")
    return out.cell("crt" if info.get("cert_subject") else "yes")


def _age(info: SessionInfo, now: float) -> str:
    from dbgate.cli import output as out

    since = out.moment(_connected(info))
    return "-" if since is None else out.age(now - since)
