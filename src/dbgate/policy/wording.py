"""Words for messages about a policy file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

_SHOWN: Final = 60  # characters of a value that a message repeats


def nearest(word: str, known: Iterable[str]) -> str:
    """The words "did you mean 'x'?" for the known word nearest to `word`, "" where none is near. Case does not count."""
    by_folded = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word[:64].lower(), by_folded, n=1, cutoff=0.6)
    return f"; did you mean {by_folded[found[0]]!r}?" if found else ""


def shown(text: str) -> str:
    """`text` in quotes, shortened."""
    return repr(text) if len(text) <= _SHOWN else repr(text[:_SHOWN]) + "…"


def describe(value: object) -> str:
    """What was found in a value's place."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return shown(value)
        case list():
            return "a list"
        case _:
            return "a mapping"
