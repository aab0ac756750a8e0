"""A small mutating fuzzer without dependencies, for CI; `python -m tests.fuzz` can use atheris where it is installed.

Inputs come from the kept corpus (corpus/<target>.txt, one Python bytes literal a line) and are cut, spliced, repeated and
sprinkled with words of the target's dictionary.
"""

from __future__ import annotations

import ast
import random
import time
from collections.abc import Callable
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
LONGEST = 4096

_BYTES = [bytes([code]) for code in b"\x00\x01\x7f\x80\xff'\"`\\/*-#;,.()@?{}= \n\t\xa0"]
DICTIONARY: dict[str, list[bytes]] = {
    "sql": [
        word.encode("latin-1")
        for word in [
            "SELECT",
            "FROM",
            "WHERE",
            "/*!",
            "/*!50000",
            "/*!99999",
            "/*M!",
            "*/",
            "/*",
            "-- ",
            "#",
            "--",
            "'",
            "''",
            "\\'",
            '"',
            "`",
            "(",
            ")",
            ",",
            ";",
            ".",
            "@",
            "@@",
            ":=",
            "UNION",
            "ALL",
            "WITH",
            "RECURSIVE",
            "AS",
            "t",
            "a.b",
            "INSERT INTO",
            "VALUES",
            "UPDATE",
            "SET",
            "DELETE",
            "USING",
            "JOIN",
            "ON",
            "LEFT",
            "FOR",
            "SYSTEM_TIME",
            "TABLE",
            "LATERAL",
            "JSON_TABLE(",
            "COLUMNS(",
            "PARTITION",
            "USE INDEX",
            "ORDER BY",
            "GROUP BY",
            "LIMIT",
            "INTO OUTFILE",
            "IN(",
            "EXISTS(",
            "CASE",
            "WHEN",
            "THEN",
            "ELSE",
            "END",
            "BEGIN",
            "NOT ATOMIC",
            "IF",
            "LOOP",
            "DECLARE",
            "HANDLER",
            "CREATE",
            "ALTER",
            "DROP",
            "PROCEDURE",
            "TRIGGER",
            "VIEW",
            "PREPARE",
            "EXECUTE",
            "IMMEDIATE",
            "CONCAT(",
            "0x",
            "x'",
            "N'",
            "_utf8'",
            "1e1",
            "1.",
            ".5",
            "NULL",
            "\\N",
            "{oj ",
            "{d '",
            "}",
            "SHOW",
            "EXPLAIN",
            "ANALYZE",
            "SET STATEMENT",
            "NAMES",
            "sql_mode",
            "CALL",
            "DO",
            "LOCK",
            "FLUSH",
            "GRANT",
            "LOAD DATA",
            "?",
            "$$",
            "\xa0",
            "\x00",
            "é",
            "BETWEEN",
            "AND",
            "OR",
            "NOT",
            "IS",
            "LIKE",
            "REGEXP",
            "DIV",
            "IDENTIFIED BY",
            "PASSWORD",
            "ON DUPLICATE KEY UPDATE",
            "VALUES(a)",
            "t.*",
            "t.a",
            "HAVING",
            "NATURAL JOIN",
            "USING(a)",
            "AS n(a, b)",
            "EXISTS(SELECT *",
            "FOR SYSTEM_TIME AS OF",
            "REPLACE INTO",
            "RETURNING",
            "WINDOW",
            "OVER(",
            "NEXT VALUE FOR",
            "INTERVAL",
            "DUAL",
            "=",
        ]
    ],
    "policy": [
        word.encode()
        for word in [
            "version: 1\n",
            "global:",
            "access_control:\n",
            "  - ",
            "user: ",
            "app",
            "source_ip: ",
            "10.0.0.0/8",
            "allowed_tables: ",
            "[",
            "]",
            "{",
            "}",
            "'*'",
            "allowed_operations: ",
            "SELECT",
            "sql_rules:\n",
            "  mode: ",
            "enforce",
            "monitor",
            "block_patterns: ",
            "injection: ",
            "detectors: ",
            "time_restriction: ",
            "allow: ",
            "09:00-18:00",
            "timezone: ",
            "Asia/Seoul",
            "rate_limit: ",
            "200/s",
            "max_result_rows: ",
            "null",
            "~",
            "&a",
            "*a",
            "<<: ",
            "!!int",
            "!!python/object:x",
            "? ",
            ": ",
            "- ",
            "\n  ",
            "\n",
            "#",
            '"',
            "'",
            "",
            ">",
            "%YAML 1.1\n",
            "---\n",
            "...\n",
            "\t",
            "columns: ",
            "grants:\n",
            "tables: ",
            "procedure_control:\n",
            "data_protection:\n",
            "sensitive_columns:\n",
            "pattern: ",
            "action: ",
            "mask",
            "0x1F",
            "1e9",
            "-1",
            "\\u0000",
            "[a-z]+",
            "(?=x)",
            "99999999999999999999",
            "yes",
            "on",
            "1_000",
            ".inf",
            "2024-01-01",
            "shop.*",
            "shapes: ",
            "require_where: ",
            "block_statements: ",
        ]
    ],
    "wire": [
        bytes.fromhex(code)
        for code in [
            "0a",
            "00",
            "ff",
            "fe",
            "fb",
            "fc",
            "fd",
            "ffffff",
            "000000",
            "01000000",
            "0000",
            "00000001",
            "21",
            "2d",
        ]
    ],
    "gate": [
        bytes.fromhex(code)
        for code in [
            "03",
            "01",
            "02",
            "04",
            "0e",
            "11",
            "16",
            "17",
            "18",
            "19",
            "1b",
            "1c",
            "1d",
            "1f",
            "fa",
            "00",
            "ff",
            "fe",
            "fb",
            "ffffff",
            "000000",
            "01000000",
            "010000000e",
        ]
    ]
    + [
        b"SELECT 1",
        b"USE x",
        b"SET NAMES gbk",
        b"DROP TABLE t",
        b"SET sql_mode=ANSI_QUOTES",
        b"BEGIN; SELECT 1",
    ],
}


def kept(target: str) -> list[bytes]:
    """The corpus of a target."""
    lines = (CORPUS / f"{target}.txt").read_text("ascii").splitlines()
    return [ast.literal_eval(line) for line in lines if line and not line.startswith("#")]


def mutated(choose: random.Random, corpus: list[bytes], words: list[bytes]) -> bytes:
    """One new input."""
    data = choose.choice(corpus)
    for _ in range(choose.choice((1, 1, 2, 3, 6, 12))):
        at = choose.randrange(len(data) + 1)
        size = min(choose.choice((1, 1, 2, 4, 16, 64)), len(data) - at)
        kind = choose.randrange(9)
        if kind == 0:
            data = data[:at] + data[at + size :]
        elif kind == 1:
            data = data[:at] + choose.choice(words) + data[at:]
        elif kind == 2:
            data = data[:at] + b" " + choose.choice(words) + b" " + data[at + size :]
        elif kind == 3:
            data = data[:at] + choose.choice(_BYTES) + data[at:]
        elif kind == 4 and data:
            at %= len(data)
            data = data[:at] + bytes([data[at] ^ (1 << choose.randrange(8))]) + data[at + 1 :]
        elif kind == 5:
            data = data[:at] + data[at : at + size] * choose.choice((2, 3, 20)) + data[at + size :]
        elif kind == 6:
            other = choose.choice(corpus)
            cut = choose.randrange(len(other) + 1)
            data = data[:at] + other[cut : cut + choose.choice((4, 16, 200))] + data[at:]
        elif kind == 7:
            data = data[:at] + bytes(choose.randrange(256) for _ in range(size)) + data[at + size :]
        else:
            data = data[:at] + choose.choice(words) + data[at + size :]
    return data[:LONGEST]


def fuzz(target: str, run: Callable[[bytes], None], seconds: float, seed: int) -> int:
    """Runs the corpus and then mutations of it for that long; returns the number of executions. What the target
    raises comes out with the input that did it."""
    choose = random.Random(seed)
    corpus = kept(target)
    words = DICTIONARY[target]
    count = 0
    end = time.monotonic() + seconds
    for data in corpus:
        _once(target, run, data)
        count += 1
    while time.monotonic() < end:
        for _ in range(50):
            data = mutated(choose, corpus, words)
            _once(target, run, data)
            count += 1
            if len(corpus) < 2000 and choose.random() < 0.01:
                corpus.append(data)
    return count


def _once(target: str, run: Callable[[bytes], None], data: bytes) -> None:
    try:
        run(data)
    except Exception as error:
        raise AssertionError(f"fuzz target {target}: {error!r} by {data!r}") from error
