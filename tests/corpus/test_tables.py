"""The tables that a real server opened for each statement of its own test suite, against what analysis names.

Runs where DBGATE_CORPUS names the folder of the corpora (mariadb, orm, clients .jsonl.gz). A table that the server
opened and no need names is the worst failure there is. What the name alone cannot tell is left out: what views,
triggers, routines, merge tables and defaults reach (that takes the catalog), and statements run in a schema that the
corpus does not tell.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dbgate.sql.analyze import analyze
from dbgate.sql.charset import charset_followed
from dbgate.sql.sqlmode import parse_sql_mode
from dbgate.sql.statement import MARIADB, NEED_SCHEMA, Analysis, LexContext

CORPUS = os.environ.get("DBGATE_CORPUS", "")
pytestmark = pytest.mark.skipif(not CORPUS, reason="DBGATE_CORPUS does not name the folder of the corpora")

VERSION = 101119
# The optimizer's statistics, which belong to every statement; and what DDL of routines and accounts reads by itself.
SERVERS_OWN = "mysql."

Record = dict[str, Any]


def records(name: str) -> Iterator[Record]:
    with gzip.open(Path(CORPUS) / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            record: Record = json.loads(line)
            if record.get("ok_on_mariadb", True) and record.get("syntax_ok", True):
                yield record


def context(record: Record) -> LexContext | None:
    """The context it ran under; None where the gateway would have refused to enter it."""
    modes = parse_sql_mode(record.get("sql_mode") or "")
    charset = record.get("charset") or "utf8mb4"
    if modes.refused or not charset_followed(charset):
        return None
    return LexContext(
        MARIADB, VERSION, charset, modes.ansi_quotes, modes.no_backslash_escapes, modes.ignore_space,
        modes.pipes_as_concat, modes.high_not_precedence,
    )  # fmt: skip


def analysed(name: str) -> Iterator[tuple[Record, Analysis]]:
    for record in records(name):
        ctx = context(record)
        if ctx is not None:
            yield record, analyze(record["sql"].encode("utf-8", "surrogateescape"), ctx, "test")


def behind_names(record: Record, analysis: Analysis, views: set[str]) -> bool:
    """Whether what it opens may lie behind a view, a routine, a trigger or dynamic SQL."""
    named = {need.table.lower() for statement in analysis.statements for need in statement.needs}
    return bool(named & views) or any(
        statement.functions or statement.calls or statement.creates_routine or statement.dynamic
        for statement in analysis.statements
    )


def missed(record: Record, analysis: Analysis) -> list[str]:
    named = {need.table.lower() for statement in analysis.statements for need in statement.needs}
    whole = {
        need.schema
        for statement in analysis.statements
        for need in statement.needs
        if need.kind == NEED_SCHEMA
    }
    return [
        opened
        for opened in record.get("tables_opened") or ()
        if not opened.startswith(SERVERS_OWN)
        and opened.split(".", 1)[1].lower() not in named
        and opened.split(".", 1)[0] not in whole
    ]


def reached_from(name: str) -> set[str]:
    """Names in the corpus that stand for other tables: views, and tables with triggers, unions or computed defaults."""
    found: set[str] = set()
    for record in records(name):
        sql = record["sql"]
        found.update(re.findall(r"(?is)\bview\s+(?:if\s+not\s+exists\s+)?(?:`?\w+`?\.)?`?(\w+)", sql))
        found.update(re.findall(r"(?is)\btrigger\b.*?\bon\s+(?:`?\w+`?\.)?`?(\w+)", sql))
        if re.search(r"(?i)\bunion\s*=?\s*\(\s*\w|nextval|next\s+value", sql):
            found.update(re.findall(r"(?is)\btable\s+(?:if\s+not\s+exists\s+)?(?:`?\w+`?\.)?`?(\w+)", sql))
    return {one.lower() for one in found}


def test_no_table_is_missed() -> None:
    views = reached_from("mariadb")
    # The suite makes these in statements of another part of the corpus: a merge table, a table with a trigger, a sys view.
    views |= {"m1", "m2", "t2", "t3", "latest_file_io"}
    problems = [
        (tables, record["sql"][:200])
        for record, analysis in analysed("mariadb")
        if not analysis.error
        and not behind_names(record, analysis, views)
        and (tables := missed(record, analysis))
    ]
    assert problems == []


@pytest.mark.parametrize(("name", "share"), [("mariadb", 0.96), ("orm", 0.995), ("clients", 0.995)])
def test_share_that_is_understood(name: str, share: float) -> None:
    total = 0
    refused: list[str] = []
    for record, analysis in analysed(name):
        total += 1
        if analysis.error:
            refused.append(f"{analysis.error}: {record['sql'][:100]}")
    understood = 1 - len(refused) / total
    print(f"{name}: {understood:.2%} of {total} statements understood")
    assert understood >= share, refused[:20]


@pytest.mark.parametrize("name", ["orm", "clients"])
def test_drivers_set_only_what_is_harmless(name: str) -> None:
    """What ORMs and clients send to set up a session needs no right, and nothing of theirs is a session-state block."""
    allowed = {"ADMIN", "GRANT"}  # SET GLOBAL and SET PASSWORD by administrators' tools
    for record, analysis in analysed(name):
        for statement in analysis.statements:
            assert statement.session_state == "", record["sql"]
            if statement.verb == "SET" and not statement.session:
                assert set(statement.operations) - {"SET"} <= allowed, record["sql"]
                assert {need.operation for need in statement.needs} <= allowed, record["sql"]
