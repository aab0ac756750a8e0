from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql import analyze as module
from dbgate.sql.analyze import MAX_STATEMENTS, analyze, command
from dbgate.sql.memory import Memory
from dbgate.sql.statement import LexContext, Statement
from tests.rows import rows
from tests.unit.sql.contexts import ANSI, LATIN1, MA, MY, RAW, shown


def test_a_statement() -> None:
    found = analyze(b"SELECT a FROM users WHERE b = 'x' -- y", MA, "shop")
    assert (found.error, found.session_state, len(found.statements)) == ("", "", 1)
    assert "'x'" not in found.masked and len(found.digest) == 32
    assert found.canonical.startswith("SELECT a FROM users") and "x" in found.canonical_literals


def test_several_statements() -> None:
    found = analyze(
        b";SELECT 1;; USE other; SELECT * FROM t;DROP DATABASE other; SELECT * FROM u;", MA, "shop"
    )
    needs = [shown(need) for statement in found.statements for need in statement.needs]
    assert needs == ["visible USE other", "SELECT other.t", "schema DROP other", "SELECT .u"]


@rows("text", [b"", b"  ", b"/* ping */", b";", b"-- x"])
def test_nothing(text: bytes) -> None:
    found = analyze(text, MA, "")
    assert found.error == "" and [s.verb for s in found.statements] == ["EMPTY"]


@rows(
    "text",
    [
        b"SELECT '",
        b"SELECT 1; xyz",
        b"SELECT 1 FROM",
        b"/*! SELECT 1; SELECT 2 */",
        b"SELECT 1;" * (MAX_STATEMENTS + 1),
    ],
)
def test_errors(text: bytes) -> None:
    found = analyze(text, MA, "shop")
    assert found.error != "" and not found.shared


def test_a_trigger_in_version_comments() -> None:
    dump = b"/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.a = 1; END */"
    found = analyze(dump, MA, "shop")
    assert found.error == "" and found.statements[0].creates_routine


def test_session_state_of_the_whole() -> None:
    assert analyze(b"SET NAMES gbk", MA, "").session_state != ""
    assert analyze(b"SET sql_mode = 'ANSI_QUOTES'; SELECT 1", MA, "").session_state != ""
    assert analyze(b"SELECT 1", LexContext(MA.flavour, 1, charset="gbk"), "").error != ""


@rows(
    ("sql", "folded"),
    [
        (b"PREPARE s FROM 'SELECT * FROM secret'", "SELECT shop.secret"),
        (b"EXECUTE IMMEDIATE CONCAT('SELECT * FROM ', 'secret')", "SELECT shop.secret"),
        (b"EXECUTE IMMEDIATE 0x53454C45435420312046524F4D2061", "SELECT shop.a"),
    ],
)
def test_dynamic_sql_that_folds(sql: bytes, folded: str) -> None:
    statement = analyze(sql, MA, "shop").statements[0]
    assert statement.dynamic and statement.folded is not None
    assert [shown(need) for need in statement.folded.needs] == [folded]
    assert statement.folded.canonical.startswith("SELECT")


def test_the_shape_of_dynamic_sql_is_that_of_what_it_runs() -> None:
    one, same, other = (
        analyze(b"EXECUTE IMMEDIATE '" + text + b"'", MA, "shop").digest
        for text in (b"SELECT a FROM t WHERE b = 1", b"SELECT a FROM t WHERE b = 2", b"DROP TABLE t")
    )
    assert one == same != other


@rows(
    "sql",
    [
        b"PREPARE s FROM @a",
        b"PREPARE s FROM 'SELECT 1; SELECT 2'",
        b"PREPARE s FROM 'xyz'",
        b"PREPARE s FROM 'SELECT \\''",
        b"EXECUTE s",
    ],
)
def test_dynamic_sql_that_does_not(sql: bytes) -> None:
    statement = analyze(sql, MA, "shop").statements[0]
    assert statement.dynamic and statement.folded is None


def test_dynamic_sql_that_is_known_from_before() -> None:
    memory = Memory()
    memory.follow(
        analyze(b"SET @s = 'SELECT * FROM secret', @t := 'x'", MA, "shop").statements, MA.key, False
    )
    prepare = analyze(b"PREPARE p FROM @s", MA, "shop", False, memory).statements
    assert prepare[0].folded is not None
    memory.follow(prepare, MA.key, False)
    execute = analyze(b"EXECUTE p; SELECT 1", MA, "shop", False, memory)
    assert execute.session_state == "" and len(execute.statements) == 2
    assert execute.statements[0].folded is prepare[0].folded and not execute.statements[0].rereads
    assert analyze(b"EXECUTE IMMEDIATE @s", MA, "shop", False, memory).statements[0].folded is None
    assert analyze(b"EXECUTE q", MA, "shop", False, memory).statements[0].folded is None


def test_what_leaves_user_variables_alone() -> None:
    for text, calm in (
        (b"SELECT @a", True),
        (b"SET @a := 1", True),
        (b"SELECT @a := 1", False),
        (b"SELECT 1 INTO @a", False),
        (b"GET DIAGNOSTICS @a = NUMBER", False),
        (b"SHOW WARNINGS", True),
        (b"SHOW COLUMNS FROM users WHERE @a", False),
        (b"SELECT * FROM users", False),
        (b"EXPLAIN SELECT @a", False),
    ):
        assert analyze(text, MA, "shop").statements[0].calm is calm, text


def test_dynamic_sql_may_change_the_session() -> None:
    assert analyze(b"EXECUTE s", MA, "shop").statements[0].rereads
    assert not analyze(b"PREPARE s FROM 'USE x'", MA, "shop").statements[0].rereads
    use = analyze(b"EXECUTE IMMEDIATE 'USE x'", MA, "shop").statements[0]
    assert use.new_schema == "x" and use.rereads
    assert analyze(b"EXECUTE s; SELECT 1", MA, "shop").session_state != ""
    assert analyze(b"PREPARE s FROM 'USE x'; SELECT 1", MA, "shop").session_state == ""


def test_state_inside_dynamic_sql() -> None:
    assert analyze(b"PREPARE s FROM 'SET sql_mode=\"ORACLE\"'", MA, "shop").statements[0].session_state != ""
    inner = analyze(b"PREPARE s FROM 'PREPARE t FROM ''SELECT 1'''", MA, "shop").statements[0].folded
    assert isinstance(inner, Statement) and inner.folded is None


def test_bulk_texts_show_all_literals_to_patterns() -> None:
    rows = ",".join(f"({i},'word{i}')" for i in range(4000))
    found = analyze(f"INSERT INTO t VALUES {rows}".encode(), MA, "shop")
    assert (
        "word3999" in found.canonical_literals and "word" not in found.masked and len(found.canonical) < 100
    )


@pytest.mark.skipif(not str(module.__file__).endswith(".py"), reason="compiled code cannot be patched")
def test_a_defect_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(module, "scan_text", broken)
    assert "boom" in analyze(b"SELECT 1", MA, "shop").error


@rows(
    ("kind", "name", "verb", "needs", "session"),
    [
        ("init_db", "Other", "USE", ["visible USE Other"], True),
        ("field_list", "users", "SHOW", ["any SHOW shop.users"], False),
        ("create_db", "x", "CREATE", ["schema CREATE x"], False),
        ("drop_db", "x", "DROP", ["schema DROP x"], False),
        ("admin", "process_kill", "ADMIN", ["bare ADMIN"], False),
        ("session", "ping", "SESSION", [], True),
    ],
)
def test_commands(kind: str, name: str, verb: str, needs: list[str], session: bool) -> None:
    found = command(kind, name, MA, "shop")
    assert found.error == ""
    statement = found.statements[0]
    assert (statement.verb, [shown(need) for need in statement.needs], statement.session) == (
        verb,
        needs,
        session,
    )


def test_commands_change_the_schema() -> None:
    assert command("init_db", "x", MA, "shop").statements[0].new_schema == "x"
    assert command("drop_db", "shop", MA, "shop").statements[0].new_schema == ""
    assert command("drop_db", "x", MA, "shop").statements[0].new_schema is None
    assert command("mystery", "", MA, "").error != ""


@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(
            st.sampled_from(
                ["SELECT", "INSERT", "UPDATE", "DELETE", "SET", "SHOW", "EXPLAIN", "CREATE", "TABLE", "ALTER", "DROP", "CALL", "DO", "WITH", "BEGIN", "IF", "END", "PREPARE", "EXECUTE", "IMMEDIATE", "FROM", "INTO", "VALUES", "users", "secret", "(", ")", ",", ";", ".", "=", "1", "'x'", "@a", "@@b", "AS", "FOR", "ON", "KEY", "/*!", "*/", "--", "PROCEDURE", "TRIGGER", "EVENT", "DEFINER", "USER", "LOCK", "LOAD", "DATA", "GRANT", "HANDLER", "READ", "ANALYZE", "FORMAT", "STATEMENT", "NAMES", "USE", "TRANSACTION", ":", "NOT", "ATOMIC"]
            ),
            max_size=14,
        ).map(lambda words: " ".join(words).encode()),
    ),
    st.sampled_from([MA, MY, ANSI, RAW, LATIN1]),
)  # fmt: skip
def test_any_bytes(text: bytes, ctx: LexContext) -> None:
    """Never raises, and never an internal failure; with no error every statement says what it is."""
    found = analyze(text, ctx, "shop")
    assert not found.error.startswith("analysis failed")
    assert found.error or all(statement.verb for statement in found.statements)
