"""`dbgate-cli policy versions`: which policies were loaded, when and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dbgate.cli.options import gateway_options, output_option

if TYPE_CHECKING:
    from rich.table import Table

    from dbgate.control.client import ControlClient
    from dbgate.control.messages import PolicyVersions


@click.command()
@click.option(
    "-n", "--lines", type=click.IntRange(min=1), default=20, show_default=True, help="So many, the newest."
)
@output_option
@gateway_options
def versions(client: ControlClient, lines: int, output: str) -> None:
    """List the policies that were in force, newest first.

    Below the list stands why the latest load of the file changed nothing, if that was so.
    """
    from dbgate.cli import output as out

    answer = client.policy_versions()
    if output == "json":
        out.print_json({**answer, "versions": answer["versions"][:lines]})
        return
    if answer["versions"]:
        out.console().print(_table(answer, lines))
    else:
        print("No version yet: no policy was in force so far.")
    if more := len(answer["versions"]) - lines:
        if more > 0:
            print(f"({more} older: --lines {len(answer['versions'])})")
    if refused := answer.get("refused"):
        print(out.printable(f"The latest load, {refused['time']} by {refused['author']}, was refused:"))
        for problem in refused["problems"]:
            print(f"  {out.printable(problem)}")
    if trouble := answer.get("trouble"):
        print(out.printable(f"Versions are kept in memory only, until the gateway ends: {trouble}"))


def _table(answer: PolicyVersions, lines: int) -> Table:
    from dbgate.cli import output as out

    shown = answer["versions"][:lines]
    made = out.table(
        ("", "NUMBER", "VERSION", "LOADED", "BY", "NOTE"),
        numbers=("NUMBER",),
        whole={"": 1, "NUMBER": 6, "VERSION": 12, "LOADED": 19},
    )
    for version in shown:
        live = bool(version.get("live"))
        style = "bold" if live else ""
        made.add_row(
            out.cell("*" if live else "", style),
            out.cell(version["number"], style),
            out.cell(version["version"], style),
            out.cell(version["time"][:19].replace("T", " "), style),
            out.cell(version["author"], style),
            out.cell(version["note"], style),
        )
    return made
