"""From records of the log to shapes."""

from __future__ import annotations

from dbgate.policy.learning import Learner, Seen
from dbgate.policy.shapefile import ShapeFile
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, LexContext

CTX = LexContext(MARIADB, 101106)


def seen(sql: str, user: str = "app", ctx: LexContext = CTX, shown: str = "") -> Seen:
    """The record that the gateway writes of `sql`; shown: what the log has for it, where it is not masked."""
    found = analyze(sql.encode(), ctx, "shop")
    needs = [need for unit in found.statements for need in unit.needs]
    return Seen(
        user,
        found.digest,
        shown or found.masked,
        "shop",
        sorted({operation for unit in found.statements for operation in unit.operations}),
        sorted({f"{need.schema}.{need.table}" for need in needs if need.table}),
        sorted({hit.detector for unit in found.statements for hit in unit.detections}),
    )


def learned(*records: Seen, with_detected: bool = False) -> Learner:
    learner = Learner(ShapeFile(), with_detected)
    for record in records:
        learner.add(record)
    return learner


def test_a_shape() -> None:
    sql = "SELECT id, total FROM orders WHERE name = 'x' AND id IN (1, 2)"
    learner = learned(seen(sql), seen(sql.replace("1, 2", "1, 2, 3")))
    assert learner.added == 1
    (shape,) = learner.file.users["app"].values()
    assert shape.statement == "SELECT id, total FROM orders WHERE name = ? AND id IN (?, ?)"
    assert (shape.operations, shape.tables) == ({"SELECT"}, {"shop.orders"})
    assert {"id", "total", "name"} <= shape.columns
    assert shape.detectors == set()


def test_users_have_their_own() -> None:
    learner = learned(seen("SELECT 1 FROM t"), seen("SELECT 1 FROM t", "other"), seen("SELECT 2 FROM t"))
    assert learner.added == 2
    assert list(learner.file.users) == ["app", "other"]


def test_a_known_shape_takes_more_tables_and_keeps_the_rest() -> None:
    record = seen("SELECT a FROM orders")
    there = Seen("app", record.shape, record.statement, "x", ["SELECT", "NONSENSE"], ["x.orders"], [])
    learner = learned(record, there)
    (shape,) = learner.file.users["app"].values()
    assert (learner.added, shape.tables, shape.operations) == (1, {"shop.orders", "x.orders"}, {"SELECT"})


def test_session_statements_need_no_shape() -> None:
    assert learned(seen("SET NAMES utf8mb4"), seen("SET NAMES latin1"), seen("COMMIT")).file.users == {}


def test_what_a_detector_hit_is_left_out_unless_it_is_wanted() -> None:
    attack = seen("SELECT a FROM orders WHERE b = 'x' OR 1=1 -- '")
    assert attack.detections
    learner = learned(attack, attack)
    assert learner.file.users == {}
    assert list(learner.suspects.values()) == [attack]
    learner = learned(attack, with_detected=True)
    (shape,) = learner.file.users["app"].values()
    assert shape.detectors == set(attack.detections)
    learner.add(attack)  # known with its detectors
    assert (learner.added, learner.suspects) == (1, {})
    # The same shape that a detector hits only now.
    plain = seen("SELECT a FROM orders")
    hit = Seen("app", plain.shape, plain.statement, "shop", ["SELECT"], [], ["stacked"])
    learner = learned(plain, hit)
    assert len(learner.suspects) == 1
    learner = learned(plain, hit, with_detected=True)
    assert [shape.detectors for shape in learner.file.users["app"].values()] == [{"stacked"}]


def test_texts_that_cannot_be_read_again_are_learned_without_columns() -> None:
    record = seen("SELECT a FROM orders WHERE b = 1")
    cut = Seen("app", record.shape, "SELECT a FROM ord …", "shop", ["SELECT"], ["shop.orders"], [])
    (shape,) = learned(cut).file.users["app"].values()
    assert (shape.statement, shape.columns) == ("SELECT a FROM ord …", set())
    assert learned(Seen("app", "no shape", "SELECT 1", "", [], [], [])).file.users == {}


def test_literals_that_the_log_kept_are_not_learned() -> None:
    sql = "SELECT a FROM orders WHERE b = 'Hugo'"
    (shape,) = learned(seen(sql, shown=sql)).file.users["app"].values()
    assert shape.statement == "SELECT a FROM orders WHERE b = ?"
    assert "b" in shape.columns


def test_other_modes_of_the_lexer_and_long_texts() -> None:
    ansi = LexContext(MARIADB, 101106, ansi_quotes=True)
    (shape,) = learned(seen('SELECT "a" FROM "orders" WHERE b = \'x\'', ctx=ansi)).file.users["app"].values()
    assert shape.columns >= {"a", "b"}
    (shape,) = learned(seen(f"SELECT {', '.join(['column_name'] * 200)} FROM t")).file.users["app"].values()
    assert shape.statement.endswith("…") and len(shape.statement) < 1100
