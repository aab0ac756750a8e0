"""Comments that the server runs: which are run is told by its flavour and version.

MariaDB: `/*!`, `/*M!`, `/*!NNNNN`, `/*!NNNNNN`: run when the number is not above the server's own, except 50700 to
99999 without M. MySQL: `/*!`, `/*!NNNNN`, and `/*!NNNNNN` where white space follows the sixth digit (8.0.34 on).
A skipped one may hold one level of plain comments. Source: MY_LEX_LONG_COMMENT in both servers' sql_lex.cc.
"""

from __future__ import annotations

import re
from typing import Final, final

from dbgate.sql.statement import MARIADB

RUN: Final = 1
SKIP: Final = 2
DOUBT: Final = 3

_HEAD: Final = re.compile(rb"/\*(M?)!([0-9]{0,6})")
_SPACES: Final = b"\t\n\v\f\r "
# MySQL's first version whose six digit form is known to us to be read as in MySQL 9.
_SIX_DIGITS_SINCE: Final = 80400


@final
class Split:
    """A text split into raw pieces without gaps. error: "" or why it is refused; inside: a ";" within a run comment."""

    def __init__(self) -> None:
        self.raws: list[bytes] = []
        self.error = ""
        self.inside = False


def head_verdict(digits: bytes, maria: bool, after: bytes, flavour: int, version: int) -> tuple[int, int]:
    """RUN, SKIP or DOUBT for a version comment, and how many of the digits belong to the number.

    digits: up to six digits behind the "!"; maria: it is /*M!; after: the byte behind them."""
    if len(digits) < 5:
        return RUN, 0
    if version <= 0:
        return DOUBT, 0
    used = len(digits)
    if flavour == MARIADB:
        number = int(digits)
        run = number <= version and (number < 50700 or number > 99999 or maria)
        return (RUN if run else SKIP), used
    if used == 6 and (not after or after not in _SPACES):
        used = 5
    if used == 6 and version < _SIX_DIGITS_SINCE:
        return DOUBT, 0
    return (RUN if int(digits[:used]) <= version else SKIP), used


def skipped_end(text: bytes, start: int) -> int:
    """The offset behind a skipped version comment whose content starts at `start`; -1 where it is not closed."""
    depth = 1
    at = start
    while True:
        close = text.find(b"*/", at)
        if close < 0:
            return -1
        if depth == 1:
            opened = text.find(b"/*", at, close + 1)
            # "/*/" opens; its star cannot close as well.
            if opened >= 0:
                depth = 2
                at = opened + 2
                continue
        if depth == 1:
            return close + 2
        depth = 1
        at = close + 2


def split_versioned(
    text: bytes, pattern: re.Pattern[bytes], flavour: int, version: int, most: int = 1 << 30
) -> Split:
    """Splits a text that holds "/*!" or "/*M!" somewhere. Pieces as the pattern's, and besides: the head of a
    comment that is run, its b"*/", and each skipped comment as one piece. It stops behind `most` pieces and one more."""
    split = Split()
    raws = split.raws
    running = False
    at = 0
    n = len(text)
    while at < n and len(raws) <= most:
        if running and text.startswith(b"*/", at):
            running = False
            raws.append(b"*/")
            at += 2
            continue
        head = _HEAD.match(text, at) if text.startswith(b"/*", at) else None
        if head is not None and (flavour == MARIADB or not head[1]):
            verdict, used = head_verdict(
                head[2], bool(head[1]), text[head.end() : head.end() + 1], flavour, version
            )
            if verdict == DOUBT:
                split.error = "a version comment, and the server's version is not known"
                return split
            if verdict == RUN:
                if running:
                    split.error = "a version comment inside a version comment"
                    return split
                running = True
                end = head.start(2) + used
            else:
                end = skipped_end(text, head.end(1) + 1)
                if end < 0:
                    split.error = "a comment that is not closed"
                    return split
            raws.append(text[at:end])
            at = end
            continue
        match = pattern.match(text, at)
        if match is None:  # cannot be: the pattern's last alternative takes any byte
            split.error = "unsplit text"
            return split
        raw = match[0]
        if running and raw == b";":
            split.inside = True
        raws.append(raw)
        at += len(raw)
    if running and at >= n:
        split.error = "a version comment that is not closed"
    return split
