"""The `dbgate-dashboard` command: `serve` and `passwd`."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from typing import Any, Final

import click

from dbgate import __version__
from dbgate.errors import ConfigError

DEFAULT_LISTEN: Final = "127.0.0.1:8081"
DEFAULT_SOCKET: Final = "/run/dbgate/dbgate.sock"
DEFAULT_USERS: Final = "/etc/dbgate/dashboard-users.yaml"
_STOP_SECONDS: Final = 3
_ASK_SECONDS: Final = 30  # for a whole request; who takes longer loses its place


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", prog_name="dbgate-dashboard")
def main() -> None:
    """Pages that show what gateways do, whom they block and why, for a browser."""


@main.command()
@click.option(
    "--listen", default=DEFAULT_LISTEN, show_default=True, metavar="HOST:PORT", help="Where browsers connect."
)
@click.option(
    "--socket",
    "sockets",
    multiple=True,
    metavar="[NAME=]PATH",
    help=f"A gateway's control socket; give it once for each gateway.  [env: DBGATE_CONTROL_SOCKET; default: {DEFAULT_SOCKET}]",
)
@click.option(
    "--audit-log",
    "logs",
    multiple=True,
    metavar="[NAME=]PATH",
    help="Where a gateway's audit log is, if not where the gateway says.",
)
@click.option("--users", default=DEFAULT_USERS, show_default=True, metavar="FILE", help="Who may log in.")
@click.option(
    "--action-log",
    default="-",
    show_default=True,
    metavar="FILE",
    help="Who did what, a line each; - is standard error.",
)
@click.option(
    "--idle",
    type=click.FloatRange(1, 1440),
    default=15,
    show_default=True,
    metavar="MINUTES",
    help="Log out after so long without a request.",
)
@click.option(
    "--longest",
    type=click.FloatRange(0.1, 168),
    default=12,
    show_default=True,
    metavar="HOURS",
    help="… and after so long in any case.",
)
@click.option("--tls-cert", default="", metavar="FILE", help="Speak HTTPS with this certificate chain.")
@click.option("--tls-key", default="", metavar="FILE", help="… and this key.")
@click.option(
    "--behind-https", is_flag=True, help="A proxy in front speaks HTTPS: cookies are marked for HTTPS only."
)
def serve(**options: Any) -> None:
    """Serve the dashboard. Ends with SIGTERM or Ctrl-C."""
    try:
        sys.exit(run(**options))
    except ConfigError as error:
        click.echo(f"dbgate-dashboard: {error}", err=True)
        sys.exit(2)


def run(
    listen: str,
    sockets: tuple[str, ...],
    logs: tuple[str, ...],
    users: str,
    action_log: str,
    idle: float,
    longest: float,
    tls_cert: str,
    tls_key: str,
    behind_https: bool,
) -> int:
    """Serves until a signal; ConfigError where it cannot."""
    import uvicorn

    from dbgate.control.prompt import PromptProtocol
    from dbgate.dashboard.app import Dashboard
    from dbgate.dashboard.fleet import Fleet, places
    from dbgate.dashboard.journal import ActionLog
    from dbgate.dashboard.logins import Logins
    from dbgate.dashboard.users import Users
    from dbgate.dashboard.web import Site

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if bool(tls_cert) != bool(tls_key):
        raise ConfigError("--tls-cert and --tls-key belong together")
    fleet = Fleet(places(sockets or (os.environ.get("DBGATE_CONTROL_SOCKET") or DEFAULT_SOCKET,), logs))
    people = Users(users)
    people.load()
    secure = bool(tls_cert) or behind_https
    sock = _listen(listen)
    try:
        site = Site(
            fleet, people, Logins(idle * 60, longest * 3600), ActionLog(action_log, time.time), secure
        )
        dashboard = Dashboard(site)
        config = uvicorn.Config(
            dashboard.asgi,
            http=PromptProtocol,
            timeout_keep_alive=_ASK_SECONDS,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=_STOP_SECONDS,
            limit_concurrency=500,
            ssl_certfile=tls_cert or None,
            ssl_keyfile=tls_key or None,
        )

        class Server(uvicorn.Server):
            """It tells open pages that it ends, and where it listens."""

            _asked = False

            def handle_exit(self, sig: int, frame: Any) -> None:
                dashboard.end()
                self.should_exit = True
                self.force_exit = self.force_exit or (sig == signal.SIGINT and self._asked)
                self._asked = True

            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if not self.should_exit:
                    scheme = "https" if tls_cert else "http"
                    host, port = sock.getsockname()[:2]
                    shown = f"[{host}]" if ":" in host else host
                    click.echo(
                        f"dbgate-dashboard listens on {scheme}://{shown}:{port}/ for {len(fleet.instances)} gateways"
                    )
                    sys.stdout.flush()

        server = Server(config)
        server.run(sockets=[sock])
        return 0 if server.started else 1
    except OSError as error:
        raise ConfigError(f"the dashboard cannot start: {error.strerror or error}") from None
    finally:
        sock.close()


def _listen(text: str) -> socket.socket:
    host, colon, port = text.rpartition(":")
    host = host.strip("[]")
    if not colon or not port.isdigit() or not host:
        raise ConfigError(f"--listen {text}: expected HOST:PORT")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"--listen {text}: {error.strerror}") from None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, int(port)))
    except (OSError, OverflowError, UnicodeError) as error:  # the last: a name that can be no host's
        sock.close()
        raise ConfigError(f"--listen {text}: cannot listen there: {error}") from None
    return sock


@main.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["viewer", "operator", "admin"]),
    default=None,
    help="What NAME may do; a new user needs one.",
)
@click.option(
    "--users",
    default=DEFAULT_USERS,
    show_default=True,
    metavar="FILE",
    help="The file; it is made where there is none.",
)
@click.option("--stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def passwd(name: str, role: str | None, users: str, stdin: bool) -> None:
    """Set the password and the role of NAME in the users file."""
    from dbgate.dashboard.users import set_password

    if stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        new = set_password(users, name, role or "", password)
    except ConfigError as error:
        click.echo(f"dbgate-dashboard: {error}", err=True)
        sys.exit(2)
    click.echo(f"{'added' if new else 'changed'} {name} in {users}")


if __name__ == "__main__":
    main()
