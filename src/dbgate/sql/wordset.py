"""Sets of keywords, written as one line of text."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of `text`, as the set that keywords of tokens are looked up in."""
    return frozenset(text.split())
