"""`dbgate-cli top`: what the gateway is doing, live, on a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from dbgate.cli.options import Exit, fail, gateway_options
from dbgate.cli.top_view import Screen

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient


@click.command()
@click.option(
    "--interval",
    type=click.FloatRange(min=0.2, max=3600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="The time between two looks.",
)
@click.option("--user", default="", metavar="NAME", help="Only sessions of this database user.")
@click.option(
    "--audit-log",
    envvar="DBGATE_AUDIT_LOG",
    default=None,
    metavar="FILE",
    help="Where the newest blocks are read.  [env: DBGATE_AUDIT_LOG; default: the usual place, where it can be read]",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table"]),
    default="table",
    show_default=True,
    help="A program asks `stats --watch -o json`.",
)
@gateway_options
def top(client: ControlClient, interval: float, user: str, audit_log: str | None, output: str) -> None:
    """Watch queries, blocks, latency and sessions, until q is pressed.

    Keys: s sorts by the next column, / filters by user, up and down (or k and j) choose a session, x ends it
    after a y, r looks again at once, q quits.
    """
    del output
    if not on_a_terminal():
        fail(
            Exit.USAGE,
            "top needs a terminal",
            "in a pipe or a script, use `dbgate-cli stats --watch` (-o json for programs)",
        )
    from dbgate.cli.audit_log import default_log

    screen = Screen(client, user, audit_log or default_log())
    screen.look()  # so that a gateway that is down is told on a whole terminal
    _loop(screen, interval)


def on_a_terminal() -> bool:
    """Whether keys can be read, and a screen be drawn."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _loop(screen: Screen, interval: float) -> None:
    import os
    import select
    import termios
    import tty

    from rich.live import Live

    from dbgate.cli import output as out

    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)
    console = out.console()
    try:
        tty.setcbreak(stdin)
        with Live(
            screen.render(console.size.height), console=console, screen=True, auto_refresh=False
        ) as live:
            next_look = time.monotonic() + interval
            while True:
                wait = max(0.0, next_look - time.monotonic())
                ready, _, _ = select.select([stdin], [], [], wait)
                if ready:
                    pressed = os.read(stdin, 64)
                    if not pressed or not screen.key(pressed):
                        return
                if screen.stale or time.monotonic() >= next_look:
                    screen.look()
                    next_look = time.monotonic() + interval
                live.update(screen.render(console.size.height), refresh=True)
    except KeyboardInterrupt:
        return
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)
