"""Recorded statements of MariaDB's own test suite, and the tables that its audit log says each opened (DBGATE_CORPUS).

Only names are compared: which views, triggers, foreign keys and MERGE tables a test had is not in the recording, so for a
table that is not named there must be such a thing among the statements of the same test file.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from dbgate.sql.analyze import analyze
from dbgate.sql.sqlmode import parse_sql_mode
from dbgate.sql.statement import MARIADB, LexContext
from tests.corpus.rows import Row, rows
from tests.differential.judge import Behind, misses, refused, statements
from tests.differential.truth import READ, Opened


def _context(row: Row) -> LexContext | None:
    mode = parse_sql_mode(str(row["sql_mode"] or ""))
    if mode.refused:
        return None
    return LexContext(
        MARIADB, 101119, str(row["charset"]), mode.ansi_quotes, mode.no_backslash_escapes, mode.ignore_space,
        mode.pipes_as_concat, mode.high_not_precedence,
    )  # fmt: skip


def test_recorded_tables_are_named() -> None:
    found = [row for row in rows("mariadb") if row["executed"] and row["tables_opened"] is not None]
    texts: dict[str, str] = defaultdict(str)
    for row in found:
        texts[str(row["source"])] += str(row["sql"]).upper() + ";\n"
    counts: Counter[str] = Counter()
    missed = []
    refusals: Counter[str] = Counter()
    for row in found:
        ctx = _context(row)
        if ctx is None:
            continue
        analysis = analyze(str(row["sql"]).encode("utf-8", "surrogateescape"), ctx, "test")
        why = refused(analysis)
        if why:
            refusals[why.split(":")[0]] += 1
            continue
        names = {need.table for statement in statements(analysis) for need in statement.needs if need.table}
        shown = row["tables_opened"]
        assert isinstance(shown, list)
        opened = [Opened(*str(name).split("|")[0].split(".", 1), READ) for name in shown]
        counts["tables"] += len(opened)
        for table in opened:
            # the recording does not say which schema was the current one
            if table.table in names or not misses(analysis, [table], Behind()):
                counts["named"] += 1
            elif any(statement.calls or statement.functions for statement in statements(analysis)):
                counts["inside a routine"] += 1
            elif "DROP TRIGGER" in str(row["sql"]).upper():
                counts["the table of a trigger"] += 1
            elif names - {opened.table for opened in opened}:
                counts["behind a view"] += 1
            elif any(word in texts[str(row["source"])] for word in ("TRIGGER", "REFERENCES", "MERGE")) or (
                "merge" in str(row["source"])
            ):
                counts["behind a trigger, a foreign key or a MERGE table"] += 1
            else:
                missed.append((row["sql"], repr(table)))
    assert missed == []
    assert counts["tables"] > 5000
    assert counts["inside a routine"] + counts["behind a view"] < 200
    assert counts["behind a trigger, a foreign key or a MERGE table"] < 30
    assert refusals["parse-error"] < 10
