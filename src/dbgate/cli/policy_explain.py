"""`dbgate-cli policy explain`: what would the gateway do with this statement, and why? Runs the data path's own rules."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from dbgate.cli.options import Exit, fail, gateway_options, output_option
from dbgate.errors import PolicyError

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient
    from dbgate.sql.catalog import Catalog
    from dbgate.sql.statement import LexContext

MOST_SQL: Final = 64 << 20
DEFAULT_VERSIONS: Final = {"mariadb": "10.11.0", "mysql": "8.4.0"}


class Moment(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A date and time; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Unix seconds."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(
                f"{value!r} is no time such as 2026-01-31T09:30 or 2026-01-31T09:30:00+09:00", param, ctx
            )
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class Source(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """An IP address."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address as the gateway writes it."""
        import ipaddress

        try:
            address = ipaddress.ip_address(str(value))
        except ValueError:
            self.fail(f"{value!r} is no IP address such as 10.0.0.7 or fd00::7", param, ctx)
        mapped = getattr(address, "ipv4_mapped", None)
        return str(mapped or address)


class Version(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A server version, 10.11.6 or 8.4.0, whatever follows the numbers."""

    name = "version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """As in version comments: 101106."""
        match = re.match(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{1,2}))?", str(value))
        if match is None:
            self.fail(f"{value!r} is no version such as 10.11.6 or 8.4.0", param, ctx)
        major, minor, patch = (int(part or 0) for part in match.groups())
        return major * 10_000 + minor * 100 + patch


@click.command()
@click.argument("sql", required=False)
@click.option("--user", required=True, metavar="NAME", help="The database user who sends it.")
@click.option(
    "--source",
    type=Source(),
    default="127.0.0.1",
    show_default=True,
    metavar="IP",
    help="Where the client is.",
)
@click.option("--schema", default="", metavar="NAME", help="The session's current schema.  [default: none]")
@click.option(
    "--at",
    type=Moment(),
    default=None,
    metavar="TIME",
    help="When it is sent; UTC unless it has a zone.  [default: now]",
)
@click.option(
    "-f",
    "--file",
    "--policy",
    "policy_file",
    type=click.Path(),
    envvar="DBGATE_POLICY",
    default=None,
    metavar="FILE",
    help="The policy.  [env: DBGATE_POLICY; default: the file of the running gateway]",
)
@click.option(
    "--flavour",
    type=click.Choice(["mariadb", "mysql"]),
    default="mariadb",
    show_default=True,
    help="Whose SQL it is.",
)
@click.option(
    "--server-version", type=Version(), default=None, metavar="VERSION", help="  [default: 10.11 or 8.4]"
)
@click.option(
    "--sql-mode", default="", metavar="MODES", help="The session's sql_mode, as far as it is unusual."
)
@click.option("--charset", default="utf8mb4", show_default=True, metavar="NAME", help="character_set_client.")
@click.option("--fold-names", is_flag=True, help="The server's lower_case_table_names is 1 or 2.")
@click.option("--prepared", is_flag=True, help="It is sent to be prepared, not as text.")
@click.option("--clear", is_flag=True, help="The client came without TLS.")
@click.option(
    "--cert-subject",
    default=None,
    metavar="NAME",
    help='Of the client\'s certificate: "CN=app,O=Shop", "" for none.  [default: what the access rule wants]',
)
@output_option
@gateway_options
@click.pass_context
def explain(
    ctx: click.Context,
    client: ControlClient,
    sql: str | None,
    user: str,
    source: str,
    schema: str,
    at: float | None,
    policy_file: str | None,
    flavour: str,
    server_version: int | None,
    sql_mode: str,
    charset: str,
    fold_names: bool,
    prepared: bool,
    clear: bool,
    cert_subject: str | None,
    output: str,
) -> None:
    """Explain what the policy does with the statement SQL, or with what stands on standard input.

    Shows the steps of the decision, the rule and its line, and what the verdict rests on. Works with no gateway
    running when --file names the policy. Exit status 1 if the statement is blocked.
    """
    from dbgate.cli import output as out
    from dbgate.cli.policy_file import parse
    from dbgate.policy.compile import compile_policy
    from dbgate.policy.explain import explain as run
    from dbgate.policy.verdict import BLOCK
    from dbgate.sql.analyze import analyze
    from dbgate.sql.catalog import reached

    context = _context(flavour, server_version, sql_mode, charset, fold_names)
    text = _sql(sql)
    path, running = (policy_file, "") if policy_file else _file_of(client)
    try:
        policy = compile_policy(parse(path))
    except PolicyError as error:
        problems = "".join(f"\n  {problem}" for problem in error.problems)
        fail(
            Exit.NO,
            f"{path} is not a valid policy:{problems}",
            "correct it; the gateway would refuse it, too",
        )
    if running and running != policy.version:
        click.echo(
            f"dbgate-cli: note: the gateway runs policy {running}, but {path} now is {policy.version}, "
            "which is explained here; `dbgate-cli policy reload` puts it live",
            err=True,
        )
    catalog, known = _catalog(client)
    if catalog is not None and catalog.folded and not fold_names:
        fold_names = True  # the running gateway's server says so
        context = _context(flavour, server_version, sql_mode, charset, fold_names)
    analysis = analyze(text, context, schema.lower() if fold_names else schema, prepared)
    behind = reached(catalog, analysis)
    wall = time.time() if at is None else at
    subject = "" if clear else cert_subject
    explanation = run(policy, user, source, analysis, wall, behind=behind, tls=not clear, subject=subject)
    sent = {
        "user": user,
        "source": source,
        "schema": schema,
        "at": datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "server": f"{flavour} {_dotted(context.version)}",
        "charset": charset,
        "sql_mode": sql_mode,
        "prepared": prepared,
    }
    policy_info = {"file": path, "version": policy.version, "catalog": known}
    from dbgate.cli.explanation import as_json, as_text

    if output == "json":
        out.print_json(as_json(explanation, analysis, sent, policy_info, behind))
    else:
        out.console().print(as_text(explanation, analysis, sent, policy_info, behind))
    ctx.exit(int(Exit.NO if explanation.verdict.effect == BLOCK else Exit.DONE))


def _context(flavour: str, version: int | None, sql_mode: str, charset: str, fold_names: bool) -> LexContext:
    """How the server would read the text. What a session could never be in is wrong usage here."""
    from dbgate.sql.charset import charset_followed
    from dbgate.sql.sqlmode import parse_sql_mode
    from dbgate.sql.statement import MARIADB, MYSQL, LexContext

    if not charset_followed(charset.lower()):
        fail(
            Exit.USAGE,
            f"the gateway does not follow the character set {charset!r}: such a session is refused (session-state)",
            "utf8mb4 and latin1 are followed; docs/policy.md lists the others",
        )
    modes = parse_sql_mode(sql_mode)
    if modes.refused:
        fail(
            Exit.USAGE,
            f"a session in this sql_mode is refused (session-state): {modes.refused}",
            "leave it out",
        )
    if version is None:
        version = Version().convert(DEFAULT_VERSIONS[flavour], None, None)
    return LexContext(
        MARIADB if flavour == "mariadb" else MYSQL,
        version,
        charset.lower(),
        modes.ansi_quotes,
        modes.no_backslash_escapes,
        modes.ignore_space,
        modes.pipes_as_concat,
        modes.high_not_precedence,
        fold_names,
    )


def _sql(argument: str | None) -> bytes:
    if argument is not None and argument != "-":
        return os.fsencode(argument)
    if sys.stdin.isatty():
        fail(Exit.USAGE, "no SQL was given", "give it as an argument in quotes, or on standard input")
    text = sys.stdin.buffer.read(MOST_SQL + 1)
    if len(text) > MOST_SQL:
        fail(Exit.USAGE, f"the SQL is larger than {MOST_SQL >> 20} MiB", "give one statement")
    # The shell's last line end is not part of the statement.
    return text.rstrip(b"\r\n")


def _catalog(client: ControlClient) -> tuple[Catalog | None, str]:
    """The running gateway's catalog, and in words what is known of it."""
    from dbgate.control.client import ControlError
    from dbgate.sql.catalog_text import parse

    try:
        info = client.catalog()
        if not info["configured"] or info["catalog"] is None:
            return None, "the gateway has none: names alone are judged"
        return parse(json.dumps(info["catalog"])), f"{info['objects']} objects, {info['age_s']} s old"
    except ControlError as error:
        return None, f"not known: {error.message}"
    except (KeyError, TypeError, ValueError):
        return None, "not known: the gateway is of another version than this command"


def _file_of(client: ControlClient) -> tuple[str, str]:
    """The running gateway's policy file, and the version that is live."""
    from dbgate.control.client import Unreachable

    try:
        info = client.policy()
    except Unreachable as error:
        raise Unreachable(
            f"no policy file was named, and {error.message}", "name the policy with --file FILE"
        ) from None
    path = info.get("file", "")
    if not path or not Path(path).exists():
        fail(
            Exit.USAGE,
            f"the running gateway's policy file {path!r} is not here",
            "it may run in a container: name a copy of the policy with --file FILE",
        )
    return path, info.get("version", "")


def _dotted(version: int) -> str:
    return f"{version // 10_000}.{version // 100 % 100}.{version % 100}"
