"""`dbgate-cli policy who-can`: the reverse question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dbgate.cli.options import Exit, fail, gateway_options, output_option

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient
    from dbgate.policy.whocan import Who


@click.command("who-can")
@click.argument("operation")
@click.argument("table", required=False, default="")
@click.option(
    "-f",
    "--file",
    "--policy",
    "policy_file",
    envvar="DBGATE_POLICY",
    default=None,
    metavar="FILE",
    help="The policy, a file or a version's number.  [env: DBGATE_POLICY; default: the policy in force]",
)
@click.option("-a", "--all", "everybody", is_flag=True, help="Show those who cannot, too, and why.")
@output_option
@gateway_options
@click.pass_context
def who_can(
    ctx: click.Context,
    client: ControlClient,
    operation: str,
    table: str,
    policy_file: str | None,
    everybody: bool,
    output: str,
) -> None:
    """Show which users may do OPERATION on TABLE: `who-can SELECT shop.users`.

    TABLE is schema.table, or schema.table.column, of a CALL the procedure; operations such as SHOW need none. The answer
    is that of the data path for a statement that does nothing else and has a WHERE. Exit status 1 if nobody may.
    """
    from dbgate.cli import output as out
    from dbgate.cli.policy_sources import LIVE, compiled, read_policy
    from dbgate.policy.operations import BY_COLUMN, OPERATIONS, WITHOUT_TABLE
    from dbgate.policy.whocan import who_can as ask

    operation = operation.upper()
    if operation not in OPERATIONS:
        fail(Exit.USAGE, f"{operation} is no operation", f"one of {', '.join(OPERATIONS)}")
    schema, dot, name = table.partition(".")
    if not table and operation not in WITHOUT_TABLE:
        fail(Exit.USAGE, f"{operation} is done to a table", f"name it: who-can {operation} schema.table")
    name, second, column = name.partition(".")
    if second and operation not in BY_COLUMN:
        only = f"only {', '.join(BY_COLUMN)} can be granted on columns"
        fail(Exit.USAGE, f"{operation} is not done to a column", f"{only}; name the table: {schema}.{name}")
    named = read_policy(client, policy_file or LIVE)
    if table and not dot:
        schema, name = named.file.policy.global_.default_schema or "", table
        if not schema:
            fail(Exit.USAGE, f"{table} names no schema, and the policy has no default_schema", "schema.table")
    found = ask(named.file, compiled(named), operation, schema, name, column)
    can = [who for who in found if who.can and who.reached]
    shown = found if everybody else can
    if output == "json":
        out.print_json(
            {
                "operation": operation,
                "schema": schema,
                "table": name,
                "column": column,
                "policy": named.name,
                "anybody": bool(can),
                "who": [_as_json(who) for who in shown],
            }
        )
    elif shown:
        out.console().print(_table(shown))
    if not can and output == "table":
        on = f" on {'.'.join(part for part in (schema, name, column) if part)}" if name else ""
        print(out.printable(f"Nobody may {operation}{on} under {named.name}."))
    ctx.exit(int(Exit.DONE if can else Exit.NO))


def _table(found: list[Who]) -> Any:
    from dbgate.cli import output as out

    made = out.table(
        ("USER", "FROM", "RULE", "LINE", "MAY", "HOW"),
        numbers=("LINE",),
        whole={"USER": out.longest(who.user for who in found), "LINE": 5, "MAY": 3},
    )
    for who in found:
        may = who.can and who.reached
        made.add_row(
            out.cell(who.user),
            out.cell(", ".join(who.sources) or "anywhere"),
            out.cell(who.entry),
            out.cell(who.line),
            out.cell("yes" if may else "no", "" if may else "red"),
            out.cell(_how(who), wrap=True),
        )
    return made


def _how(who: Who) -> str:
    if not who.reached:
        return "an earlier rule matches first"
    if not who.can:
        return f"{who.verdict.rule}: {who.verdict.reason}"
    parts = (
        [f"only the column{'s' if len(who.columns) > 1 else ''} {', '.join(who.columns)}"]
        if who.columns
        else []
    )
    if who.when:
        parts.append(f"only {who.when}")
    if who.transport:
        parts.append(f"only {who.transport}")
    if who.rate:
        parts.append(f"at most {who.rate}")
    if who.verdict.rule:
        parts.append(f"would be blocked by {who.verdict.rule}, which is in monitor mode")
    if who.exceptions:
        names = ", ".join(f"{name} (line {line})" for name, line in who.exceptions)
        parts.append(f"but earlier rules name {names}")
    return "; ".join(parts)


def _as_json(who: Who) -> dict[str, Any]:
    return {
        "user": who.user,
        "source_ip": who.sources,
        "entry": who.entry,
        "line": who.line,
        "may": who.can and who.reached,
        "reached": who.reached,
        "rule": who.verdict.rule,
        "reason": who.verdict.reason,
        "mode": who.verdict.mode,
        "when": who.when,
        "rate_limit": who.rate,
        "transport": who.transport,
        "columns": who.columns,
        "exceptions": [{"user": name, "line": line} for name, line in who.exceptions],
    }
