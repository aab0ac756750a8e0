"""`dbgate-cli policy promote`: from monitor to enforce."""

from __future__ import annotations

import difflib
import time
from typing import TYPE_CHECKING, Any, Final

import click

from dbgate.cli.options import Exit, fail, gateway_options, output_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbgate.control.client import ControlClient
    from dbgate.policy.staging import Staged

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Span(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A time span: 30m, 2h, 7d."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds."""
        text = str(value)
        if not (text[:-1].isascii() and text[:-1].isdigit() and text[-1:] in _UNITS and len(text) < 9):
            self.fail(f"{text!r} is no time span such as 30m, 2h or 7d", param, ctx)
        return int(text[:-1]) * _UNITS[text[-1]]


@click.command()
@click.argument("rule", required=False)
@click.option(
    "--min-age",
    type=Span(),
    default="1h",
    show_default=True,
    metavar="SPAN",
    help="How long the policy must have been in force.",
)
@click.option("--force", is_flag=True, help="Even where its record is not clean, or too short.")
@output_option
@gateway_options
def promote(client: ControlClient, rule: str | None, min_age: int, force: bool, output: str) -> None:
    """Enforce RULE, which is in monitor mode, if it would have blocked nothing.

    Without RULE, list what is monitored and what it would have blocked since the policy was loaded. RULE is
    the name of an access rule, or global, sql_rules, injection, injection.DETECTOR or shapes. Changes the one
    word in the running gateway's policy file, and reloads. Exit status 1 if the record is not clean.
    """
    from dbgate.cli import output as out
    from dbgate.cli.policy_file import local_file, parse, read_bytes
    from dbgate.cli.policy_sources import refuse
    from dbgate.errors import PolicyError
    from dbgate.policy.staging import promoted, staged
    from dbgate.stats.layout import HITS

    info = client.policy()
    path = local_file(info, "promote where it is")
    content = read_bytes(path)
    try:
        file = parse(path)
    except PolicyError as error:
        refuse(path, error)
    if file.version != info["version"]:
        fail(
            Exit.NO,
            f"the gateway runs policy {info['version'] or 'none'}, and {path} is {file.version}",
            "reload it first: the record is that of the policy in force",
        )
    rule_lines: Sequence[Mapping[str, object]] = client.stats()["rule_lines"]
    if len(rule_lines) >= HITS and not force:
        fail(
            Exit.NO, f"more than {HITS} lines have hits: not all are counted", "--force does without a record"
        )
    found = staged(file, rule_lines)
    age = _age(info["loaded_at"])
    if rule is None:
        _list(found, age, output)
        return
    one = _named(found, rule)
    if not force:
        _insist(one, age, min_age)
    try:
        text = promoted(content.decode("utf-8-sig"), file, one)
    except ValueError as error:
        fail(Exit.NO, str(error), f"write mode: {one.becomes} there yourself, and reload")
    result = _put_live(client, path, text, content)
    if output == "json":
        out.print_json({"rule": one.name, "line": one.line, "was": one.was, "mode": one.becomes, **result})
    else:
        print(
            out.printable(
                f"{one.name} is enforced now (line {one.line} of {path}); policy {result['version']} is live."
            )
        )


def _named(found: list[Staged], rule: str) -> Staged:
    matching = [one for one in found if one.name == rule]
    if not matching:
        near = difflib.get_close_matches(rule, [one.name for one in found], 1)
        hint = f"did you mean {near[0]!r}?" if near else "`dbgate-cli policy promote` lists what is"
        fail(
            Exit.NO,
            f"{rule!r} has no mode of its own that is monitor (or detect)",
            f"{hint}; a rule without a mode follows its section or global.mode",
        )
    if len(matching) > 1:
        lines = ", ".join(str(one.line) for one in matching)
        fail(Exit.NO, f"several rules are called {rule!r} (lines {lines})", "give them names of their own")
    return matching[0]


def _insist(one: Staged, age: float, min_age: int) -> None:
    """Ends the command where the record is not clean, or too short."""
    from dbgate.cli import output as out

    lines = [f"\n  {hit.count} × {hit.rule} (line {hit.line})" for hit in one.own]
    if lines:
        fail(
            Exit.NO,
            f"{one.name} is not clean: it would have blocked{''.join(lines)}",
            "`dbgate-cli audit query --decision would_block` shows the statements; --force enforces it all the same",
        )
    lines = [f"\n  {hit.count} × {hit.rule} (line {hit.line})" for hit in one.hiding]
    if lines:
        fail(
            Exit.NO,
            f"the record of {one.name} is not complete: other monitored rules took statements first{''.join(lines)}",
            "promote or mend those first; `policy backtest` tells more; --force enforces it all the same",
        )
    if age < min_age:
        fail(
            Exit.NO,
            f"the policy is in force for {out.age(age)} only, so its clean record says little",
            "wait, or say how long is enough with --min-age; --force enforces it now",
        )


def _put_live(client: ControlClient, path: str, text: str, before: bytes) -> dict[str, Any]:
    """The file gets the text and is reloaded; where that is refused, it is as before."""
    from dbgate.cli.files import replace_file
    from dbgate.control.client import ControlError

    bom = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""
    try:
        replace_file(path, bom + text.encode())
    except OSError as error:
        fail(
            Exit.USAGE, f"{path} cannot be written: {error.strerror}", "run it as a user who may write there"
        )
    try:
        return dict(client.reload())
    except ControlError:
        replace_file(path, before)
        raise


def _age(loaded_at: str) -> float:
    from dbgate.cli import output as out

    since = out.moment(loaded_at)
    return 0.0 if since is None else time.time() - since


def _list(found: list[Staged], age: float, output: str) -> None:
    from dbgate.cli import output as out

    if output == "json":
        out.print_json(
            {
                "age_s": int(age),
                "monitored": [
                    {
                        "rule": one.name,
                        "line": one.line,
                        "mode": one.was,
                        "would_block": sum(hit.count for hit in one.own),
                        "hidden": sum(hit.count for hit in one.hiding),
                        "clean": one.clean,
                    }
                    for one in found
                ],
            }
        )
        return
    if not found:
        print("Nothing is in monitor mode by a mode of its own.")
        return
    made = out.table(
        ("RULE", "LINE", "WOULD BLOCK", "RECORD"),
        numbers=("LINE", "WOULD BLOCK"),
        whole={"RULE": out.longest(one.name for one in found), "LINE": 5},
    )
    for one in found:
        state = "clean" if one.clean else "not clean" if one.own else "others came first"
        made.add_row(
            out.cell(one.name),
            out.cell(one.line),
            out.cell(out.count(sum(hit.count for hit in one.own))),
            out.cell(state, "" if one.clean else "yellow"),
        )
    out.console().print(made)
    print(f"Since the policy was loaded, {out.age(age)} ago.")
