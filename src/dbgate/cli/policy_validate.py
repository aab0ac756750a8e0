"""`dbgate-cli policy validate`: is a file a policy, and does it say what it seems to say?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dbgate.cli.options import Exit, fail, gateway_options, output_option

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient
    from dbgate.errors import Problem
    from dbgate.policy.load import PolicyFile


@click.command()
@click.argument("file", type=click.Path())
@click.option("--strict", is_flag=True, help="Warnings make the answer no, too.")
@click.option(
    "--stats", "with_stats", is_flag=True, help="Warn of rules that never hit in the running gateway, too."
)
@output_option
@gateway_options
@click.pass_context
def validate(
    ctx: click.Context, client: ControlClient, file: str, strict: bool, with_stats: bool, output: str
) -> None:
    """Check the policy in FILE, with no gateway running.

    Prints every error and every warning with its place: what is shadowed, contradictory or without effect. Exit
    status 1 if the gateway would refuse the file.
    """
    from dbgate.cli import output as out
    from dbgate.cli.policy_file import read_bytes, reader
    from dbgate.errors import PolicyError
    from dbgate.policy.check import check_policy
    from dbgate.policy.compile import compile_policy
    from dbgate.policy.load import parse_policy

    errors: list[Problem] = []
    warnings: list[Problem] = []
    version = ""
    rules = 0
    content = read_bytes(file)
    try:
        parsed = parse_policy(content, file, reader(file))
        version = parsed.version
        rules = len(parsed.policy.access_control)
        compile_policy(parsed)
        warnings = check_policy(parsed)
        if with_stats:
            warnings += _never_hit(client, parsed)
    except PolicyError as error:
        errors = error.problems
    valid = not errors and not (strict and warnings)
    if output == "json":
        out.print_json(
            {
                "file": file,
                "valid": valid,
                "version": version,
                "access_rules": rules,
                "errors": [_as_json(problem) for problem in errors],
                "warnings": [_as_json(problem) for problem in warnings],
            }
        )
    else:
        for problem in errors:
            print(out.printable(f"error: {problem}"))
        for problem in warnings:
            print(out.printable(f"warning: {problem}"))
        found = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}"
        if errors:
            print(out.printable(f"{file}: NOT valid: {found}. The gateway would keep the policy it has."))
        else:
            what = f"policy {version}, {rules} access rule{'' if rules == 1 else 's'}"
            print(out.printable(f"{file}: {'valid' if valid else 'NOT valid (--strict)'}: {what}, {found}."))
    ctx.exit(int(Exit.DONE if valid else Exit.NO))


def _never_hit(client: ControlClient, parsed: PolicyFile) -> list[Problem]:
    """What blocked nothing since this policy came into force in the running gateway."""
    from dbgate.policy.conflicts import never_hit

    live = client.policy()
    if live["version"] != parsed.version:
        fail(
            Exit.NO,
            f"the gateway runs policy {live['version'] or 'none'}, and this file is {parsed.version}: what never hit "
            "cannot be told",
            "validate the file that is in force, or leave --stats out",
        )
    lines = {line["line"] for line in client.stats()["rule_lines"]}
    return never_hit(parsed, lines)


def _number(problems: list[Problem], word: str) -> str:
    return f"{len(problems)} {word}{'' if len(problems) == 1 else 's'}"


def _as_json(problem: Problem) -> dict[str, Any]:
    return {"line": problem.line, "column": problem.column, "key": problem.key, "message": problem.message}
