"""The command lines that ask a gateway, and what each must say when that goes wrong."""

from __future__ import annotations

import json
from typing import Any

from tests.shell.cli.strange import http

# A command line of each command that may ask a gateway, with which it does. The table is held to the parser below.
ASKING: dict[tuple[str, ...], tuple[str, ...]] = {
    ("sessions",): (),
    ("sessions", "kill"): ("01J-1",),
    ("stats",): (),
    ("top",): (),
    ("policy", "validate"): ("policy.yaml", "--stats"),
    ("policy", "explain"): ("SELECT 1", "--user", "app"),
    ("policy", "who-can"): ("SELECT", "shop.users"),
    ("policy", "backtest"): ("1", "--traffic", "audit.jsonl"),
    ("policy", "reload"): (),
    ("policy", "show"): (),
    ("policy", "versions"): (),
    ("policy", "diff"): ("1", "2"),
    ("policy", "rollback"): ("1",),
    ("policy", "promote"): (),
    ("audit", "query"): (),
    ("audit", "tail"): (),
}
MORE = {("policy", "show", "1"), ("policy", "promote", "app"), ("stats", "--watch", "--count", "1")}
POLICY = "access_control: [{name: app, user: app, allowed_tables: ['*'], allowed_operations: [SELECT]}]\n"


def asking() -> list[tuple[str, ...]]:
    """Every command line of the table, for people and for programs."""
    lines = [(*path, *arguments) for path, arguments in ASKING.items()] + sorted(MORE)
    formats = [(*line, "-o", output) for line in lines for output in ("table", "json")]
    return [line for line in formats if line != ("top", "-o", "json")]


LINES = asking()


def clear(result: Any, line: tuple[str, ...], code: int = 3) -> None:
    """The command failed as it should, and says so in a few words of which the first line is what is wrong."""
    assert result.exit_code == code, (line, result.stderr, result.stdout)
    assert result.stdout == "", line
    said = result.stderr.splitlines()
    assert said[0].startswith("dbgate-cli: "), (line, said)
    assert len(said) == 2, (line, said)
    assert said[1].startswith("  → "), (line, said)
    assert all(len(one) < 1500 for one in said), line
    assert harmless(result.stderr), (line, said)


def harmless(text: str) -> bool:
    """Whether a terminal would only show it."""
    return all(character == "\n" or character.isprintable() for character in text)


def error(status: int, **fields: Any) -> bytes:
    """A gateway's answer that is no success."""
    return http(json.dumps({"error": fields}).encode(), status)
