"""What dynamic SQL may use of what a session has left on the server, and when it is forgotten."""

from __future__ import annotations

from dbgate.sql.analyze import analyze
from dbgate.sql.memory import LONGEST, MOST, MOST_HELD, Memory, key, only_bare
from dbgate.sql.statement import NEED_TABLE, LexContext, Need, Statement
from tests.rows import rows
from tests.unit.sql.contexts import ANSI, MA, MY


def left(*texts: str, failed: bool = False, ctx: LexContext = MA) -> Memory:
    """The memory behind these texts, each a command; the last one has failed where `failed`."""
    memory = Memory()
    for number, text in enumerate(texts, 1):
        analysis = analyze(text.encode(), ctx, "shop", False, memory)
        assert not analysis.error, (text, analysis.error)
        memory.follow(analysis.statements, ctx.key, failed and number == len(texts))
    return memory


def runs(memory: Memory, name: str = "p", ctx: LexContext = MA) -> list[str]:
    """The tables that EXECUTE of a name reads or writes; ["?"] where that is not known."""
    found = memory.statement(name, ctx.key)
    return (
        ["?"] if found is None else [f"{need.operation} {need.schema}.{need.table}" for need in found.needs]
    )


def test_keys() -> None:
    assert key("Ab_1.$") == "ab_1.$"
    assert key("a b") == key("") == key("ä") == key("\u212a") == ""


def test_a_text_in_a_variable() -> None:
    memory = left("SET @s = 'SELECT * FROM secret', @T := CONCAT('a', 'b'), @n = 5, autocommit = 1")
    assert memory.text("S") == b"SELECT * FROM secret"
    assert memory.text("t") == b"ab"
    assert memory.text("n") is None
    assert left("SET @`s` = 'x'").text("s") == b"x"
    assert left("SET @a = 'x'", "SET @b = CONCAT(@a, 'y')", "PREPARE p FROM @b").texts == {}


def test_what_a_name_was_prepared_from() -> None:
    memory = left(
        "SET @s = 'SELECT * FROM secret'", "PREPARE p FROM @s", "PREPARE q FROM 'UPDATE users SET a = 1'"
    )
    assert runs(memory) == ["SELECT shop.secret"]
    assert runs(memory, "Q") == ["UPDATE shop.users"]
    assert runs(memory, "r") == ["?"]
    assert runs(memory, "p", ANSI) == ["?"]
    assert runs(left("SET @s = 'SELECT 1 FROM t'", "PREPARE p FROM CONCAT('EXPLAIN ', @s)")) == [
        "SELECT shop.t"
    ]
    assert runs(left("SET @s = 'SELECT 1 FROM t'; PREPARE p FROM @s")) == ["SELECT shop.t"]
    assert runs(left("PREPARE p FROM 'SELECT 1 FROM t'", "EXECUTE p", "EXECUTE p USING @a")) == [
        "SELECT shop.t"
    ]


P = "PREPARE p FROM 'SELECT 1 FROM t'"


@rows(
    ("text", "known"),
    [
        ("SELECT 1", True),
        ("SELECT @s", True),
        ("SET autocommit = 1", True),
        ("SET @x := 1", True),
        ("SET @x = @@sql_mode", True),
        ("COMMIT", True),
        ("SHOW WARNINGS", True),
        ("USE shop", True),
        ("DO 1", True),
        ("SELECT 1; SELECT 2", True),
        ("PREPARE q FROM 'SELECT 1'", True),
        ("DEALLOCATE PREPARE q", True),
        ("SELECT @s := 'x'", False),
        ("SELECT 'x' INTO @s", False),
        ("SET @x = (@s := 'x')", False),
        ("SET @x = f(1)", False),
        ("SET @`a b` = 'x'", False),
        ("SET @s = @x", False),
        ("SET @S = 1", False),
        ("DO @s := 'x'", False),
        ("DO f(1)", False),
        ("SELECT * FROM users", False),
        ("INSERT INTO users VALUES (1)", False),
        ("CALL sp(@s)", False),
        ("GET DIAGNOSTICS @s = NUMBER", False),
        ("EXPLAIN SELECT 1", False),
        ("PREPARE q FROM 'SELECT * FROM users'", False),
        ("PREPARE q FROM 'SELECT f(1)'", False),
        ("PREPARE q FROM @x", False),
        ("EXECUTE IMMEDIATE 'SELECT 1 INTO @s'", False),
        ("EXECUTE x", False),
    ],
)
def test_when_a_variable_is_forgotten(text: str, known: bool) -> None:
    assert (left("SET @s = 'SELECT 1'", text).text("s") is not None) is known


@rows(
    ("text", "known"),
    [
        ("SELECT * FROM users", True),
        ("UPDATE users SET a = 1", True),
        ("PREPARE q FROM @x", True),
        ("EXECUTE IMMEDIATE 'SELECT 1 FROM users'", True),
        ("SET @s = 'x'", True),
        ("PREPARE P FROM @x", False),
        ("PREPARE `a b` FROM 'SELECT 1'", False),
        ("DEALLOCATE PREPARE p", False),
        ("DROP PREPARE p", False),
        ("SELECT f(1)", False),
        ("CALL sp()", False),
        ("EXECUTE x", False),
        ("EXECUTE IMMEDIATE @x", False),
        ("EXECUTE IMMEDIATE 'CALL sp()'", False),
        ("CREATE TABLE x (a INT)", False),
        ("BEGIN NOT ATOMIC SELECT 1; END", False),
    ],
)
def test_when_a_prepared_statement_is_forgotten(text: str, known: bool) -> None:
    assert (runs(left(P, text)) != ["?"]) is known


def test_a_stored_function_that_the_server_takes_for_a_built_in_may_set_a_variable() -> None:
    """MD5 of MySQL 9, where its component is absent."""
    assert left("SET @s = 'SELECT 1'", "SELECT MD5('a')", ctx=MY).text("s") is None
    assert left("SET @s = 'SELECT 1'", "PREPARE p FROM 'DO MD5(1)'", ctx=MY).text("s") is None
    assert left("SET @s = 'SELECT 1'", "SELECT MD5('a')").text("s") is not None  # MariaDB has its own


def test_what_failed() -> None:
    assert left("SET @s = 'x'", "SELECT 1", failed=True).text("s") == b"x"
    assert left("SET @s = 'x'", "SET @s = 'y', @t = 'z'", failed=True).texts == {}
    assert runs(left(P, "PREPARE p FROM 'SELECT 1'", failed=True)) == ["?"]
    assert runs(left(P, "EXECUTE p", failed=True)) == ["?"]
    assert left("SET @s = 'x'; SET @t = 'y'", failed=True).empty()
    assert left(P, "SELECT 1; SELECT 2", failed=True).empty()


def test_what_is_kept_is_bounded() -> None:
    many = ", ".join(f"@v{i} = 'x'" for i in range(MOST + 5))
    memory = left(f"SET {many}")
    assert len(memory.texts) == MOST
    assert left(f"SET {many}", "SET @v0 = 'y'").text("v0") == b"y"
    long = Statement("SET", (), (), assigned=(("a", b"x" * (LONGEST + 1)), ("b", b"x")), calm=True)
    memory = Memory()
    memory.follow((long,), MA.key, False)
    assert list(memory.texts) == ["b"]
    names = [f"PREPARE n{i} FROM 'SELECT 1'" for i in range(MOST + 5)]
    assert len(left(*names).statements) == MOST
    assert runs(left(*names, "PREPARE n0 FROM 'SELECT 1 FROM t'"), "n0") == ["SELECT shop.t"]


def test_a_copy_is_another() -> None:
    memory = left("SET @s = 'SELECT 1'", P)
    assert memory.text("s") is not None or memory.statement("p", MA.key) is not None
    other = memory.copy()
    other.follow(analyze(b"CALL sp()", MA, "shop").statements, MA.key, False)
    assert other.empty() and not memory.empty()


def test_rights_on_no_table() -> None:
    assert only_bare(analyze(b"USE shop", MY, "shop").statements[0])
    assert not only_bare(Statement("SELECT", (), (Need(NEED_TABLE, "SELECT", "a", "b"),)))


def test_what_is_executed_is_what_counts() -> None:
    memory = left("SET @s = 'SELECT * FROM secret'", "PREPARE p FROM @s")
    for text in ("EXECUTE p", "EXECUTE `P` USING @a", "SELECT 1; EXECUTE p"):
        unit = analyze(text.encode(), MA, "shop", False, memory).statements[-1]
        assert unit.folded is not None and unit.folded.needs[0].table == "secret" and not unit.rereads
    assert analyze(b"EXECUTE p", MA, "shop").statements[0].folded is None
    one = analyze(b"SET @s = 'SELECT 1'; PREPARE p FROM @s; EXECUTE p; DEALLOCATE PREPARE p", MA, "shop")
    assert not one.error and not one.session_state and len(one.statements) == 4
    assert one.statements[2].folded is not None
    lost = analyze(b"SET @s = 'SELECT 1'; PREPARE p FROM @s; CALL sp(); EXECUTE p", MA, "shop")
    assert lost.statements[3].folded is None


def test_what_a_session_keeps_is_bounded() -> None:
    long = "x" * (LONGEST - 10)
    memory = left(*[f"SET @v{number} = '{long}'" for number in range(10)])
    assert sum(map(len, memory.texts.values())) <= MOST_HELD
    assert memory.text("v0") is not None and memory.text("v9") is None
    prepared = left(*[f"PREPARE p{number} FROM 'SELECT {long}'" for number in range(10)])
    assert 0 < len(prepared.statements) < 5
    # what does not fit is not known, whatever the name held before
    assert (
        left(*[f"SET @v{number} = '{long}'" for number in range(4)], f"SET @s = '{long}'").text("s") is None
    )
    assert left(f"SET @v = '{long}'", f"SET @v = '{long[1:]}'").text("v") == long[1:].encode()
