"""`dbgate-cli policy explain`: what would the gateway do with this statement, and why? Asks it, or judges by a file."""

from __future__ import annotations

import base64
import os
import re
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from dbgate.cli.options import Exit, fail, gateway_options, output_option

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient
    from dbgate.control.messages import ExplainAnswer
    from dbgate.sql.statement import LexContext

MOST_SQL: Final = 64 << 20
DEFAULT_VERSIONS: Final = {"mariadb": "10.11.0", "mysql": "8.4.0"}


class Moment(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A date and time; without a zone it is UTC."""

    name = "time"
    examples = "2026-01-31T09:30 or 2026-01-31T09:30:00+09:00"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Unix seconds."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time such as {self.examples}", param, ctx)
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
    help="Judge by this policy, in place of asking the gateway.  [env: DBGATE_POLICY, where no gateway answers]",
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
    """Explain what comes of the statement SQL, or of what stands on standard input.

    Asks the running gateway, which judges by its own policy, catalog and server. With --file, where no gateway answers and
    DBGATE_POLICY names a policy, or for another server (--flavour, --server-version, --fold-names), this command judges by
    the file itself, and says so. Shows the steps of the decision, the rule and its line, and what the verdict rests on.
    Exit status 1 if the statement is blocked.
    """
    from dbgate.cli import output as out
    from dbgate.cli.explanation import as_text
    from dbgate.cli.own_judgement import Who, judge

    text = _sql(sql)
    given = {name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    answer: ExplainAnswer | None = None
    if not given & _OWN_JUDGEMENT:
        question = _question(text, given, ctx.params)
        answer = _ask(client, question, policy_file or "")
    if answer is None:
        context = _context(flavour, server_version, sql_mode, charset, fold_names)
        who = Who(user, source, schema, time.time() if at is None else at, prepared, not clear, cert_subject)
        answer = judge(client, text, who, context, policy_file, fold_names)
    if output == "json":
        out.print_json(answer)
    else:
        out.console().print(as_text(answer))
    ctx.exit(int(Exit.NO if answer["decision"] == "block" else Exit.DONE))


_OWN_JUDGEMENT: Final = frozenset(("policy_file", "flavour", "server_version", "fold_names"))


def _question(text: bytes, given: set[str], values: dict[str, Any]) -> dict[str, object]:
    """For the control API: what was said here, and nothing that was not."""
    question: dict[str, object] = {"user": values["user"]}
    try:
        question["sql"] = text.decode("utf-8")
    except UnicodeDecodeError:
        question["sql_base64"] = base64.b64encode(text).decode("ascii")
    names = ("source", "schema", "at", "sql_mode", "charset", "prepared", "cert_subject")
    question.update({name: values[name] for name in names if name in given})
    if question.get("charset") and not str(question["charset"]).lower().startswith("utf8"):
        question["sql_base64"] = base64.b64encode(text).decode("ascii")  # the bytes are in that character set
        question.pop("sql", None)
    if values["clear"]:
        question["tls"] = False
    return question


def _ask(client: ControlClient, question: dict[str, object], policy_file: str) -> ExplainAnswer | None:
    """The gateway's answer; None where it cannot be asked and there is a file to judge by."""
    from dbgate.cli.own_judgement import say
    from dbgate.control.client import Refused, Unreachable

    try:
        return client.policy_explain(question)
    except Unreachable as error:
        if not policy_file:
            message = f"no policy file was named, and {error.message}"
            raise Unreachable(message, f"{error.hint}; or name the policy with --file FILE") from None
        say(f"{error.message}; judged here by {policy_file}")
    except Refused as error:
        if error.code not in ("no-such-path", "wrong-method"):
            raise
        say("the gateway is too old to explain; judged here by its policy file")
    return None


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
