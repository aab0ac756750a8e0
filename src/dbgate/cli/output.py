"""Printing: tables for people (rich, loaded only then), JSON for programs. Nothing that a client or a server can put into
a name or a statement reaches the terminal as a control sequence or as markup."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

_WIDE: Final = 100_000


def printable(text: str) -> str:
    """`text` with everything that a terminal would obey instead of show written as an escape; line ends stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character == "\n" or character.isprintable()
        else character.encode("unicode_escape", "backslashreplace").decode("ascii")
        for character in text
    )


def printable_json(text: str) -> str:
    """JSON with what printable() would escape written as JSON has it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def one_line(text: str) -> str:
    """As printable, on one line: white space folded."""
    return printable(" ".join(text.split()))


def print_json(value: object) -> None:
    """One JSON document, indented."""
    print(json.dumps(value, indent=2))


def print_json_line(value: object) -> None:
    """One JSON document on one line, at once."""
    print(json.dumps(value, separators=(",", ":")), flush=True)


def console() -> Console:
    """Standard output. Tables fit the terminal; where it is a pipe or a file nothing is cut, and there is no colour.
    NO_COLOR and TERM are honoured by rich."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else _WIDE
    return Console(width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def table(
    columns: Sequence[str], numbers: Iterable[str] = (), whole: Mapping[str, int] | None = None
) -> Table:
    """An empty table. numbers: columns set to the right; whole: columns that are never cut, however narrow the
    terminal is, with the characters that they need."""
    from rich.table import Table

    made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    right = set(numbers)
    for name in columns:
        width = max((whole or {}).get(name, 0), len(name))
        made.add_column(
            name,
            justify="right" if name in right else "left",
            # rich narrows columns that may wrap first; that their cells do not wrap is up to cell().
            no_wrap=bool(whole and name in whole),
            min_width=width if whole and name in whole else None,
        )
    return made


def heading(text: str, style: str = "bold") -> Text:
    """A line above a table, or one by itself; its spaces stay."""
    from rich.text import Text

    return Text(printable(text), style=style)


def longest(values: Iterable[object]) -> int:
    """The characters of the longest value, as cell() shows it."""
    return max((len(one_line(str(value))) for value in values), default=0)


def cell(value: object, style: str = "", wrap: bool = False) -> Text:
    """A table's cell: text as it is, never markup. Where there is no room it is cut with an ellipsis, or, with
    `wrap`, goes on in the next line."""
    from rich.text import Text

    return Text(one_line(str(value)), style=style, no_wrap=not wrap, overflow="fold" if wrap else "ellipsis")


def indented(text: str, style: str = "") -> Padding:
    """A line of its own, set in; it goes on below where there is no room."""
    from rich.padding import Padding

    return Padding(cell(text, style, wrap=True), (0, 0, 0, 4), expand=False)


def count(value: int) -> str:
    """12345678 as 12,345,678."""
    return f"{value:,}"


def size(value: float) -> str:
    """Bytes for people: 1.5 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def micros(value: float) -> str:
    """Microseconds for people: 250 µs, 1.2 ms, 3.4 s."""
    if value < 1000:
        return f"{value:.0f} µs"
    if value < 1_000_000:
        return f"{value / 1000:.1f} ms"
    return f"{value / 1_000_000:.1f} s"


def age(seconds: float) -> str:
    """How long: 12s, 4m, 3h05m, 2d4h."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600}h"


def moment(text: str) -> float | None:
    """Unix seconds of a time in RFC 3339; None where it is none, or of no year that a clock shows."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def number(source: Any, *path: str) -> int:
    """An integer deep in an answer; 0 where an older gateway does not say it."""
    for name in path:
        source = source.get(name) if isinstance(source, dict) else None
    return int(source) if isinstance(source, int | float) else 0
