"""@@sql_mode as text → what it means for the lexer. A mode that is not known, or not followed, is refused.

Source: the servers' sql_mode_names and expand_sql_mode() (sql/sys_vars.cc, sql/sql_class.cc).
"""

from __future__ import annotations

from typing import Final, final

# Modes without a meaning for how a text is split or its operators bind.
_INDIFFERENT: Final = frozenset(
    [
        "REAL_AS_FLOAT",
        "NOT_USED",
        "ONLY_FULL_GROUP_BY",
        "NO_UNSIGNED_SUBTRACTION",
        "NO_DIR_IN_CREATE",
        "NO_KEY_OPTIONS",
        "NO_TABLE_OPTIONS",
        "NO_FIELD_OPTIONS",
        "MYSQL323",
        "MYSQL40",
        "NO_AUTO_VALUE_ON_ZERO",
        "STRICT_TRANS_TABLES",
        "STRICT_ALL_TABLES",
        "NO_ZERO_IN_DATE",
        "NO_ZERO_DATE",
        "ALLOW_INVALID_DATES",
        "INVALID_DATES",
        "ERROR_FOR_DIVISION_BY_ZERO",
        "TRADITIONAL",
        "NO_AUTO_CREATE_USER",
        "NO_ENGINE_SUBSTITUTION",
        "PAD_CHAR_TO_FULL_LENGTH",
        "EMPTY_STRING_IS_NULL",
        "SIMULTANEOUS_ASSIGNMENT",
        "TIME_ROUND_FRACTIONAL",
        "TIME_TRUNCATE_FRACTIONAL",
        "NO_TIME_TRUNCATE_FRACTIONAL",
    ]
)
_COMBINED: Final = frozenset(("ANSI", "DB2", "MAXDB", "POSTGRESQL"))
# ORACLE has a grammar and operators of its own; MSSQL makes [x] an identifier.
_REFUSED: Final = frozenset(("ORACLE", "MSSQL"))


@final
class SqlMode:
    """The lexer's part of a sql_mode. refused: "" or why it cannot be followed."""

    def __init__(self) -> None:
        self.ansi_quotes = False
        self.no_backslash_escapes = False
        self.ignore_space = False
        self.pipes_as_concat = False
        self.high_not_precedence = False
        self.refused = ""


def parse_sql_mode(text: str) -> SqlMode:
    """The text of @@sql_mode, or of a SET of it: names with commas between, in any case; "" is no mode at all."""
    modes = SqlMode()
    for part in text.split(","):
        name = part.strip(" ").upper()
        if not name or name in _INDIFFERENT:
            continue
        if name == "ANSI_QUOTES":
            modes.ansi_quotes = True
        elif name == "NO_BACKSLASH_ESCAPES":
            modes.no_backslash_escapes = True
        elif name == "IGNORE_SPACE":
            modes.ignore_space = True
        elif name == "PIPES_AS_CONCAT":
            modes.pipes_as_concat = True
        elif name == "HIGH_NOT_PRECEDENCE":
            modes.high_not_precedence = True
        elif name in _COMBINED:
            modes.ansi_quotes = True
            modes.ignore_space = True
            modes.pipes_as_concat = True
        else:
            what = "is not followed" if name in _REFUSED else "is not known"
            modes.refused = f"sql_mode {name} {what}"
    return modes


def names_refused_mode(text: str) -> bool:
    """Whether a piece of text, part of an expression for sql_mode, names a mode that is refused."""
    upper = text.upper()
    return "ORACLE" in upper or "MSSQL" in upper
