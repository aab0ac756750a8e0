"""`dbgate-cli completion`: what a shell needs to complete this command."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL.

    For this session: `source <(dbgate-cli completion bash)`, `dbgate-cli completion fish | source`. For all:
    write it to ~/.local/share/bash-completion/completions/dbgate-cli, to a folder of zsh's fpath as _dbgate-cli,
    or to ~/.config/fish/completions/dbgate-cli.fish.
    """
    from click.shell_completion import get_completion_class

    from dbgate.cli.main import main

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  # click has these three
    made = kind(main, {}, "dbgate-cli", "_DBGATE_CLI_COMPLETE")
    # Not source(), which asks the bash of this machine for its version.
    click.echo((made.source_template % made.source_vars()).strip())
