"""Many globs at once: the ones that match a name are found through the literal text they begin or end with.

`*` is any run of characters, `?` is one character; nothing else is special. What a look-up costs depends on how
many different lengths those literal parts have, not on the number of globs.
"""

from __future__ import annotations

import re
from typing import Final, final

from dbgate.policy.patterns import Regex

_STARS: Final = re.compile(r"[*?]")


def is_glob(text: str) -> bool:
    """Whether `text` is more than a plain name."""
    return "*" in text or "?" in text


@final
class _Glob:
    """One glob with its number; `rest` is None where the literal part alone decides."""

    def __init__(self, number: int, rest: Regex | None) -> None:
        self.number = number
        self.rest = rest


@final
class _Bucket:
    """Globs whose literal part has `length` characters, by that part."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.by_part: dict[str, list[_Glob]] = {}


@final
class GlobIndex:
    """Globs, numbered in the order given. Case-sensitive: the caller folds globs and names alike."""

    def __init__(self, globs: list[str]) -> None:
        self._prefixes: list[_Bucket] = []
        self._suffixes: list[_Bucket] = []
        self._count = 0
        for glob in globs:
            self.add(glob)

    def add(self, glob: str) -> None:
        """One more, with the next number."""
        number = self._count
        self._count += 1
        if glob[-1:] == "*" and not is_glob(glob[:-1]):
            _put(self._prefixes, glob[:-1], _Glob(number, None))
            return
        parts = _STARS.split(glob)
        prefix = parts[0]
        suffix = parts[-1]
        if glob == "*" + suffix:
            _put(self._suffixes, suffix, _Glob(number, None))
        elif prefix or not suffix:
            _put(self._prefixes, prefix, _Glob(number, glob_regex(glob)))
        else:
            _put(self._suffixes, suffix, _Glob(number, glob_regex(glob)))

    def find(self, name: str) -> list[int]:
        """The numbers of the globs that match `name`, in no particular order."""
        found: list[int] = []
        for bucket in self._prefixes:
            globs = bucket.by_part.get(name[: bucket.length])
            if globs is not None:
                _collect(globs, name, found)
        for bucket in self._suffixes:
            # A name shorter than the part gives itself, which is no part of this length.
            globs = bucket.by_part.get(name[-bucket.length :])
            if globs is not None:
                _collect(globs, name, found)
        return found


def _collect(globs: list[_Glob], name: str, found: list[int]) -> None:
    for glob in globs:
        if glob.rest is None or glob.rest.search(name):
            found.append(glob.number)


def _put(buckets: list[_Bucket], part: str, glob: _Glob) -> None:
    for bucket in buckets:
        if bucket.length == len(part):
            bucket.by_part.setdefault(part, []).append(glob)
            return
    bucket = _Bucket(len(part))
    bucket.by_part[part] = [glob]
    buckets.append(bucket)


def glob_regex(glob: str) -> Regex:
    """`glob` as an expression that has to match the whole name."""
    body = "".join(".*" if c == "*" else "." if c == "?" else _literal(c) for c in glob)
    return Regex(rf"\A(?:{body})\z", False)


def _literal(character: str) -> str:
    if character.isalnum() or character == "_" or not character.isascii():
        return character
    return f"\\x{{{ord(character):x}}}"
