"""`dbgate-cli policy diff`: what differs between two policies, rule by rule."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from dbgate.cli.options import gateway_options, output_option

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient
    from dbgate.policy.difference import Change

_SIGNS: Final = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", ""), "moved": (">", "")}


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="[B]", required=False)
@click.option("--text", "as_text", is_flag=True, help="The texts, as `diff -u` shows them.")
@output_option
@gateway_options
def diff(client: ControlClient, first: str, second: str | None, as_text: bool, output: str) -> None:
    """Show what differs between the policies A and B, rule by rule.

    A and B are numbers of versions of the running gateway (`dbgate-cli policy versions`), or policy
    files; B is the policy in force where it is not given.
    """
    from dbgate.cli import output as out
    from dbgate.cli.policy_sources import read_policy
    from dbgate.policy.difference import compare, text_diff

    old = read_policy(client, first)
    new = read_policy(client, second or "live")
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


_OTHERWISE: Final = "; they differ in comments or layout only (--text)."


def _where(change: Change) -> str:
    if change.line_from and change.line_to:
        same = change.line_from == change.line_to
        return f" (line {change.line_to})" if same else f" (line {change.line_from}, now {change.line_to})"
    line = change.line_to or change.line_from
    return f" (line {line})" if line else ""
