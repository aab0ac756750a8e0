"""Learned shapes on recorded statements: what was learned passes with other literals, and every attack is new."""

from __future__ import annotations

from dbgate.policy.compile import compile_policy
from dbgate.policy.evaluate import decide, find_entry
from dbgate.policy.learned import keeps_session
from dbgate.policy.learning import Learner, Seen
from dbgate.policy.load import parse_policy
from dbgate.policy.shapefile import ShapeFile, write_shapes
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, Analysis, LexContext
from tests.corpus.rows import Row, rows


def read(row: Row) -> Analysis:
    mode = str(row.get("sql_mode") or "").split(",")
    ctx = LexContext(
        MARIADB,
        101106,
        str(row.get("charset") or "utf8mb4"),
        ansi_quotes="ANSI_QUOTES" in mode,
        no_backslash_escapes="NO_BACKSLASH_ESCAPES" in mode,
        pipes_as_concat="PIPES_AS_CONCAT" in mode,
    )
    return analyze(str(row["sql"]).encode("utf-8", "surrogateescape"), ctx, "shop")


def seen(found: Analysis) -> Seen:
    units = found.statements
    return Seen(
        "app",
        found.digest,
        found.masked,
        "shop",
        {operation for unit in units for operation in unit.operations},
        {f"{need.schema}.{need.table}" for unit in units for need in unit.needs if need.table},
        {hit.detector for unit in units for hit in unit.detections},
    )


def honest() -> list[Analysis]:
    return [found for row in rows("orm") + rows("clients") if not (found := read(row)).error]


def learned(analyses: list[Analysis]) -> Learner:
    learner = Learner(ShapeFile(), with_detected=True)
    for found in analyses:
        learner.add(seen(found))
    return learner


def test_what_was_learned_of_half_of_the_honest_statements_is_known_in_all_of_them() -> None:
    statements = honest()
    assert len(statements) > 1000
    half = statements[::2]
    known = {found.digest for found in half}
    shapes = learned(half).file.users["app"]
    again = [found for found in statements if found.digest in known and not keeps_session(found.statements)]
    assert [found.masked for found in again if found.digest not in shapes] == []
    # Fewer shapes than statements: the application repeats itself, and only the literals differ.
    assert len(shapes) < len(half)


def test_the_readable_text_of_a_shape_has_its_digest() -> None:
    """So that columns resolve from the log, and a text and a prepared statement are one shape."""
    shapes = learned(honest()).file.users["app"].values()
    named = [shape for shape in shapes if shape.columns]
    assert len(named) * 2 > len(shapes)
    ctx = LexContext(MARIADB, 101106)
    masked = [found for found in honest() if found.statements and not found.masked.endswith("…")]
    apart = [
        found.masked
        for found in masked
        if '"' not in found.masked
        and analyze(found.masked.encode(), ctx, "shop", True).digest != found.digest
    ]
    assert len(apart) * 100 <= len(masked), apart[:20]


def test_attacks_are_new() -> None:
    shapes = learned(honest()).file.users["app"]
    attacks = [row for row in rows("sqlmap") if row["ok_on_mariadb"]]
    missed = [row["sql"] for row in attacks if read(row).digest in shapes]
    assert len(attacks) > 500
    assert missed == []


POLICY = """
access_control: [{user: app, allowed_tables: "*", allowed_operations: "*"}]
data_protection: {block_schema_access: false}
procedure_control: {block_dynamic_sql: false, block_create_alter: false}
sql_rules: {shapes: {mode: enforce, file: shapes.yaml}}
"""


def test_once_their_shapes_are_learned_no_honest_statement_is_stopped_and_every_attack_is() -> None:
    """With all detectors on, through the file and the decision."""
    statements = honest()
    text = write_shapes(learned(statements).file)
    policy = compile_policy(parse_policy(POLICY, "policy.yaml", lambda name: text.encode()))
    entry = find_entry(policy, "app", "10.0.0.1")
    rules = ("injection", "shape")
    stopped = [found.masked for found in statements if decide(policy, entry, found).rule in rules]
    assert stopped == []
    attacks = [read(row) for row in rows("sqlmap") if row["ok_on_mariadb"]]
    passed = [
        found.masked
        for found in attacks
        if decide(policy, entry, found).rule not in rules and not found.error
    ]
    assert passed == []
