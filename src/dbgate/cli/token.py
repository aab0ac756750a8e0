"""`dbgate-cli token`: a token for the control API's HTTPS endpoint."""

from __future__ import annotations

import os

import click

from dbgate.cli.options import Exit, fail, output_option


@click.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["viewer", "operator"]),
    default="viewer",
    show_default=True,
    help="Whether it may look, or also end sessions and change the policy.",
)
@click.option(
    "--tokens",
    type=click.Path(),
    required=True,
    metavar="FILE",
    help="The gateway's file of tokens (control_tokens); made where there is none.",
)
@click.option(
    "--out",
    type=click.Path(),
    required=True,
    metavar="FILE",
    help="Where the new token goes; only you may read it. It is nowhere else.",
)
@output_option
def token(name: str, role: str, tokens: str, out: str, output: str) -> None:
    """Make a token called NAME, with which commands and dashboards elsewhere reach a gateway.

    The gateway's file gets its name, its role and its hash; take the line away to end it. Both are in force at once.
    """
    from pathlib import Path

    from dbgate.cli import output as shown
    from dbgate.cli.files import replace_file
    from dbgate.control.tokens import NAME, make, parse
    from dbgate.errors import ConfigError

    if not NAME.fullmatch(name):
        fail(Exit.USAGE, f"{name!r} is no name", "use letters, digits and . _ -")
    made, line = make(name, role)
    try:
        before = Path(tokens).read_text(encoding="utf-8") if Path(tokens).exists() else ""
        after = before + ("\n" if before and not before.endswith("\n") else "") + line + "\n"
        parse(after, tokens)
        _new(out, f"{made}\n", 0o600)
        try:
            if before:
                replace_file(tokens, after.encode())
            else:
                Path(tokens).unlink(missing_ok=True)
                _new(tokens, after, 0o640)
        except OSError:
            Path(out).unlink()
            raise
    except ConfigError as error:
        fail(Exit.NO, str(error), "choose another name, or correct the file")
    except FileExistsError:
        fail(Exit.NO, f"{out} is there already", "a token is never overwritten: choose another --out")
    except (OSError, UnicodeDecodeError) as error:
        fail(Exit.USAGE, f"cannot be written: {error}", "choose another --tokens or --out")
    if output == "json":
        shown.print_json({"name": name, "role": role, "tokens": tokens, "file": out})
    else:
        print(shown.printable(f"The token of {name} ({role}) is in {out}; {tokens} knows its hash."))


def _new(path: str, text: str, mode: int) -> None:
    """A file that must not be there yet."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
