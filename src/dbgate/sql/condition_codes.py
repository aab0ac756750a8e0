"""What a word means to the tautology detector: whether it joins conditions, compares, begins a clause, is a constant."""

from __future__ import annotations

from typing import Final

from dbgate.sql.wordset import word_set

CONNECT: Final = 1
COMPARE: Final = 2
CLAUSE: Final = 3
CONSTANT: Final = 4
NEUTRAL: Final = 5  # part of an expression, constant or not
OPEN: Final = 6
CLOSE: Final = 7
COMMA: Final = 8
CASES: Final = 9
BRANCH: Final = 10  # WHEN THEN ELSE
END: Final = 11
NOT: Final = 12
BETWEEN: Final = 13
IS: Final = 14
ARITHMETIC: Final = 15


def _codes() -> dict[str, int]:
    table: dict[str, int] = {}
    for code, words in (
        (CONNECT, "AND && OR || XOR"),
        (COMPARE, "= < > <= >= <> != <=> LIKE RLIKE REGEXP IN"),
        (
            CLAUSE,
            "SELECT FROM WHERE HAVING ON SET VALUES VALUE GROUP ORDER LIMIT UNION INTERSECT EXCEPT INTO USING RETURNING"
            " JOIN WINDOW QUALIFY PROCEDURE DUPLICATE UPDATE OFFSET BY LOCK"
            " FOR FETCH WITH",
        ),
        (CONSTANT, "TRUE FALSE NULL UNKNOWN"),
        (NEUTRAL, "BINARY COLLATE ESCAPE ASC DESC"),
        (OPEN, "("),
        (CLOSE, ")"),
        (COMMA, ","),
        (CASES, "CASE"),
        (BRANCH, "WHEN THEN ELSE"),
        (END, "END"),
        (NOT, "NOT !"),
        (BETWEEN, "BETWEEN"),
        (IS, "IS"),
        (ARITHMETIC, "+ - * / % ^ | & << >> ~ DIV MOD"),
    ):
        for word in words.split():
            table[word] = code
    return table


CODES: Final = _codes()

# Words that are values without a parenthesis behind them.
NILADIC: Final = word_set(
    """CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURRENT_ROLE LOCALTIME LOCALTIMESTAMP UTC_DATE UTC_TIME
    UTC_TIMESTAMP DUAL"""
)
# Of literals no template writes these into a condition, but a probe does.
PROBES: Final = word_set(
    """ASCII ORD CHAR LENGTH CHAR_LENGTH CHARACTER_LENGTH BIT_LENGTH OCTET_LENGTH CONCAT CONCAT_WS MID SUBSTR SUBSTRING
    LEFT RIGHT MD5 SHA SHA1 SHA2 HEX UNHEX ELT MAKE_SET IF IFNULL POW POWER PI SQRT CAST CONVERT STRCMP ROUND INSTR
    LOCATE POSITION REVERSE LOWER UPPER ROW BIN OCT CONV REPEAT SPACE LPAD RPAD ABS SIGN CEIL FLOOR EXISTS SELECT"""
)
