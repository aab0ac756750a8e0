"""`dbgate-cli policy diff`: what differs between two policies, rule by rule."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from dbgate.cli.options import Exit, gateway_options, output_option

if TYPE_CHECKING:
    from dbgate.cli.policy_sources import Named
    from dbgate.control.client import ControlClient
    from dbgate.policy.difference import Change

_SIGNS: Final = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", ""), "moved": (">", "")}


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="[B]", required=False)
@click.option("--text", "as_text", is_flag=True, help="The texts, as `diff -u` shows them.")
@click.option(
    "--traffic",
    "logs",
    multiple=True,
    type=click.Path(),
    metavar="LOG",
    help="Show instead which decisions on the statements of this audit log differ.",
)
@output_option
@gateway_options
@click.pass_context
def diff(
    ctx: click.Context,
    client: ControlClient,
    first: str,
    second: str | None,
    as_text: bool,
    logs: tuple[str, ...],
    output: str,
) -> None:
    """Show what differs between the policies A and B, rule by rule.

    A and B are numbers of versions of the running gateway (`dbgate-cli policy versions`), or policy
    files; B is the policy in force where it is not given. With --traffic the exit status is 1 if a
    decision differs.
    """
    from dbgate.cli import output as out
    from dbgate.cli.policy_sources import read_policy
    from dbgate.policy.difference import compare, text_diff

    old = read_policy(client, first)
    new = read_policy(client, second or "live")
    if logs:
        ctx.exit(_decisions(old, new, logs, output))
    changes = compare(old.file, new.file)
    texts = text_diff(old.text, new.text, old.name, new.name)
    if output == "json":
        out.print_json(
            {
                "from": old.name,
                "to": new.name,
                "changes": [asdict(change) for change in changes],
                "text": texts,
            }
        )
    elif as_text:
        print(out.printable(texts), end="")
    elif not changes:
        print(out.printable(f"{old.name} and {new.name} say the same" + ("." if not texts else _OTHERWISE)))
    else:
        console = out.console()
        print(out.printable(f"From {old.name} to {new.name}:"))
        for change in changes:
            sign, style = _SIGNS[change.what]
            console.print(out.cell(f"{sign} {change.rule} {change.what}{_where(change)}", style, wrap=True))
            for detail in change.details:
                console.print(out.indented(detail))


def _decisions(old: Named, new: Named, logs: tuple[str, ...], output: str) -> int:
    """Both policies on the same statements; gives the exit status."""
    from dbgate.cli.policy_backtest import run, says_no, show
    from dbgate.cli.policy_sources import compiled
    from dbgate.policy.backtest import Backtest
    from dbgate.policy.rejudge import Rejudge

    test = Backtest(Rejudge(compiled(new)), Rejudge(compiled(old)))
    seconds, skipped = run(test, logs)
    show(test.tally, new.name, old.name, seconds, skipped, 20, output)
    return int(Exit.NO if says_no(test.tally, "any", False) else Exit.DONE)


_OTHERWISE: Final = "; they differ in comments or layout only (--text)."


def _where(change: Change) -> str:
    if change.line_from and change.line_to:
        same = change.line_from == change.line_to
        return f" (line {change.line_to})" if same else f" (line {change.line_from}, now {change.line_to})"
    line = change.line_to or change.line_from
    return f" (line {line})" if line else ""
