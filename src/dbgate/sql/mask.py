"""The text for the audit log: literals as `?`, secrets gone, comments gone, white space folded, bounded in length.

Comments go because they hold data as well: a password behind `-- `, the rest of a statement that an injection cut off.
Where the statement carries a password in any form (`_MARKS`), `masked_literals` masks every literal of the text, not
just the one that would be it: which one it is depends on syntax that differs between servers and versions.
"""

from __future__ import annotations

import re
from typing import Final

from dbgate.sql.tokens import BIT, IDENT, OP, QUOTED, STRING, USER_VAR, WORD, Tokens
from dbgate.sql.wordset import word_set

LIMIT: Final = 8192  # characters of a masked text; what is cut is marked
CUT_MARK: Final = " …"
FOLD_MARK: Final = b", ..."  # in the place of more literals or rows of the same list

# A text with one of these in it, in a name, a keyword or a literal, is taken to carry a secret.
_MARKS: Final = re.compile(
    rb"identified|passw|secret|authentication|credential|private_?key|api_?key|token|crypt|keyring|connection|encode",
    re.IGNORECASE,
)
_NAMED: Final = (b"IDENTIFIED", b"PASSW")

# Statements that are not about rows: in them `… PASSWORD = word` names a secret, not a column.
_ROW_VERBS: Final = word_set("SELECT INSERT REPLACE UPDATE DELETE WITH ( TABLE VALUES CALL DO")
_HANDS_OVER: Final = word_set("BY AS USING")
_NO_SECRET: Final = word_set(
    "PASSWORD RANDOM WITH VIA OLD_PASSWORD FOR EXPIRE HISTORY REUSE REQUIRE OPTIONAL CURRENT"
)


def mask(text: bytes, tokens: Tokens) -> str:
    """`text`, lexed as `tokens`, with every literal as `?` and every secret gone; at most LIMIT characters and a mark."""
    if tokens.error:
        return _mask_unlexed(text)
    return _render(tokens, True, _names_a_secret(text, tokens))


def masked_literals(text: bytes, tokens: Tokens) -> str:
    """As `mask`, but literals stay, except where the text carries, or may carry, a secret."""
    if tokens.error:
        return _mask_unlexed(text)
    secret = _MARKS.search(text) is not None or _keeps_values(tokens)
    return _render(tokens, secret, secret)


def _names_a_secret(text: bytes, tokens: Tokens) -> bool:
    """Whether a word in it hands over a password, so that also what is no literal may be one."""
    upper = text.upper()
    for name in _NAMED:
        if name in upper:
            return bool(len(tokens))
    return False


def _keeps_values(tokens: Tokens) -> bool:
    """Whether it stores a value for later statements (a user variable, dynamic SQL), which may use it as a secret."""
    if not len(tokens):
        return False
    words = tokens.words
    if words[0] in _DYNAMIC:
        return True
    for i in range(len(words)):
        if words[i] == ":=" or (
            words[i] == "INTO" and i + 1 < len(words) and tokens.kinds[i + 1] == USER_VAR
        ):
            return True
        if words[i] == "=" and i and tokens.kinds[i - 1] == USER_VAR:
            return True
    return False


_DYNAMIC: Final = word_set("PREPARE EXECUTE")


def _render(tokens: Tokens, literals: bool, secret: bool) -> str:
    kinds = tokens.kinds
    starts = tokens.starts
    raws = tokens.raws
    out: list[bytes] = []
    size = 0
    folded = tokens.folded  # then there are literals between the tokens, of rows and lists
    spilled = False  # a word stood where a password does: who knows where that password ends
    end = starts[0] if starts else 0
    for i in range(len(kinds)):
        raw = raws[i]
        start = starts[i]
        if start != end:
            out.append(FOLD_MARK if folded and b"," in tokens.text[end:start] else b" ")
            size += 1
        end = start + len(raw)
        kind = kinds[i]
        if STRING <= kind <= BIT:  # the kinds of literals follow each other
            if literals:
                raw = b"?"
        elif secret and kind != OP and (spilled or _is_secret(tokens, i)):
            spilled = True
            raw = b"?"
        out.append(raw)
        size += len(raw)
        if size > LIMIT:
            break
    if folded and b"," in tokens.text[end:]:
        out.append(FOLD_MARK)
    shown = b"".join(out).decode(tokens.codec, "backslashreplace")
    return shown if len(shown) <= LIMIT else shown[:LIMIT] + CUT_MARK


def _is_secret(tokens: Tokens, i: int) -> bool:
    """Whether the name or keyword at i stands where a password would: someone forgot its quotes, or used double ones
    under ANSI_QUOTES, and the server would refuse it, but the log would keep it."""
    kind = tokens.kinds[i]
    words = tokens.words
    if kind == QUOTED and tokens.raws[i].startswith(b'"'):
        return True
    if i == 0 or (kind == WORD and words[i] in _NO_SECRET):
        return False
    if kind != WORD and kind != IDENT and kind != QUOTED:
        return False
    before = words[i - 1]
    if before in _HANDS_OVER or before == "PASSWORD":
        return words[0] not in _ROW_VERBS
    if (before == "=" or before == "(") and i >= 2 and "PASSW" in words[i - 2]:
        return before == "(" or words[0] not in _ROW_VERBS
    return before == "=" and words[0] == "SET" and words[1] == "PASSWORD"


# Words that say nothing but what kind of statement it is: what is left of a text that could not be split.
_KEYWORDS: Final = word_set(
    """SELECT INSERT INTO VALUES UPDATE SET DELETE FROM WHERE AND OR NOT NULL IN LIKE BETWEEN EXISTS JOIN LEFT RIGHT
    INNER OUTER ON USING GROUP BY HAVING ORDER LIMIT OFFSET UNION ALL DISTINCT AS CASE WHEN THEN ELSE END REPLACE CREATE
    ALTER DROP TABLE DATABASE SCHEMA USER ROLE GRANT REVOKE TO WITH IF CALL TRUNCATE RENAME LOAD DATA INFILE OUTFILE
    SHOW USE DESCRIBE EXPLAIN LOCK UNLOCK TABLES PREPARE EXECUTE BEGIN COMMIT ROLLBACK SLEEP BENCHMARK PROCEDURE FUNCTION
    TRIGGER EVENT VIEW INDEX IDENTIFIED PASSWORD INFORMATION_SCHEMA"""
)
_PIECE: Final = re.compile(
    rb"[A-Za-z_][A-Za-z0-9_$]*|[0-9][A-Za-z0-9_.]*|[ \t\r\n]+|['\"`#]|--|/\*|[\x80-\xff]+|.", re.DOTALL
)
_OPENS: Final = frozenset({b"'", b'"', b"`", b"#", b"--", b"/*", b"\\"})


def _mask_unlexed(text: bytes) -> str:
    """For a text that could not be split: nobody knows where its literals end, so from the first quote, comment or
    word that hands over a secret on, only well-known keywords are kept."""
    out: list[str] = []
    size = 0
    hidden = False
    for match in _PIECE.finditer(text[: 4 * LIMIT]):
        piece = match.group()
        word = piece.decode("latin-1").upper()
        if piece.isspace():
            shown = " "
        elif piece in _OPENS:
            hidden = True
            shown = "?"
        elif word in _KEYWORDS:
            shown = piece.decode("ascii")
            hidden = hidden or word == "IDENTIFIED" or word == "PASSWORD"
        elif hidden or piece[:1].isdigit():
            shown = "?"
        else:
            shown = piece.decode("utf-8", "backslashreplace")
            hidden = _MARKS.search(piece) is not None
        if out and ((shown == "?" and (out[-1] == "?" or out[-2:] == ["?", " "])) or shown == out[-1] == " "):
            continue
        out.append(shown)
        size += len(shown)
        if size > LIMIT:
            break
    result = "".join(out).strip()
    return result if len(text) <= 4 * LIMIT and len(result) <= LIMIT else result[:LIMIT] + CUT_MARK
