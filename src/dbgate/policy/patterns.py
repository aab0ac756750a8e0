"""Regular expressions that an operator writes, run by RE2: linear time whatever the pattern and the text.

The only module of this floor that touches google-re2, which has no type stubs.
"""

from __future__ import annotations

from typing import Any, Final, final

import re2  # type: ignore[import-untyped]

# Expressions that are joined: more take RE2 long to compile, and outgrow what it keeps of states
TOGETHER: Final = 32
# What a lone surrogate in a text becomes, so that RE2 never sees bytes that are not UTF-8: there `.` would not
# match them, and one such byte would let a statement slip past a pattern.
_UNENCODABLE = "backslashreplace"


def _options(ignore_case: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.never_capture = True
    options.dot_nl = True  # a line break inside a string literal must not end what `.*` covers
    options.log_errors = False
    return options


@final
class Regex:
    """One expression in RE2 syntax. ValueError, with RE2's own message, for one that RE2 cannot run."""

    def __init__(self, pattern: str, ignore_case: bool) -> None:
        try:
            compiled: Any = re2.compile(pattern.encode("utf-8", _UNENCODABLE), _options(ignore_case))
        except re2.error as error:
            detail = error.args[0]
            text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
            raise ValueError(text) from None
        self._search: Any = compiled.search

    def search(self, text: str) -> bool:
        """Whether the expression matches anywhere in `text`."""
        return self._search(text.encode("utf-8", _UNENCODABLE)) is not None


@final
class _Group:
    """Some expressions, tried as one."""

    def __init__(self, patterns: list[str]) -> None:
        self.each = [Regex(pattern, True) for pattern in patterns]
        self.any = self.each[0] if len(patterns) == 1 else _alternation(patterns)


@final
class RegexList:
    """Several expressions, case-insensitive. TOGETHER of them are tried as one: what none of them matches costs one
    search for so many."""

    def __init__(self, patterns: list[str]) -> None:
        self._groups: list[_Group] = []
        for at in range(0, len(patterns), TOGETHER):
            self.add(patterns[at : at + TOGETHER])

    def add(self, patterns: list[str]) -> None:
        """More of them, at most TOGETHER; exactly so many in each call but the last."""
        self._groups.append(_Group(patterns))

    def first(self, text: str) -> int:
        """The index of the first expression that matches `text`; -1 where none does."""
        before = 0
        for group in self._groups:
            if group.any is None or group.any.search(text):
                for index, regex in enumerate(group.each):
                    if regex.search(text):
                        return before + index
            before += TOGETHER
        return -1


def _alternation(patterns: list[str]) -> Regex | None:
    """All as one expression; None where they cannot be joined: an open \\Q runs to the end of the expression, and
    big ones pass RE2's size limit."""
    if any("\\Q" in pattern for pattern in patterns):
        return None
    try:
        return Regex("|".join(f"(?:{pattern})" for pattern in patterns), True)
    except ValueError:
        return None
