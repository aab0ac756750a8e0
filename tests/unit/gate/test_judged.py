from __future__ import annotations

from dbgate.gate.judged import Judged, why_of
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.catalog import PROCEDURE, Behind
from dbgate.sql.statement import (
    NEED_ANY_RIGHT,
    NEED_SCHEMA,
    NEED_TABLE,
    Analysis,
    ColumnUses,
    Detection,
    Need,
    RoutineRef,
    Statement,
)


def judged(*statements: Statement, masked: str = "m") -> Judged:
    return Judged(Analysis(statements, "", "", masked, "d", "", "", True), Verdict(ALLOW), ("ssn",), "QUERY")


def test_dynamic_sql() -> None:
    known = Statement("SELECT", ("SELECT",), ())
    prepare = judged(Statement("PREPARE", (), (), dynamic="PREPARE", folded=known))
    assert (prepare.recalls, prepare.remembers) == (False, True)
    execute = judged(Statement("EXECUTE", (), (), dynamic="EXECUTE"))
    assert (execute.recalls, execute.remembers) == (True, False)
    setting = judged(Statement("SET", (), (), assigned=(("s", b"SELECT 1"),)))
    assert (setting.recalls, setting.remembers) == (False, True)
    assert not judged(known).recalls and not judged(known).remembers
    assert [each.quick for each in (prepare, execute, setting, judged(known))] == [False, False, False, True]


def test_only_what_passes_is_quick() -> None:
    analysis = Analysis((Statement("SELECT", ("SELECT",), ()),), "", "", "", "", "", "", True)
    for effect in (ALLOW, WOULD_BLOCK, BLOCK):
        assert Judged(analysis, Verdict(effect, "shape"), (), "QUERY").quick is (effect == ALLOW)
    assert not judged(Statement("LOAD", (), (), local_infile=True)).quick


def test_the_verdict_for_records() -> None:
    verdict = Verdict(WOULD_BLOCK, "shape", 7, "never seen", "monitor", "entry", 9)
    found = Judged(Analysis((), "", "", "", "", "", "", True), verdict, (), "QUERY")
    why = found.why_for("v1")
    assert (why.decision, why.rule, why.rule_line) == ("would_block", "shape", 7)
    assert (why.reason, why.mode, why.policy_version) == ("never seen", "monitor", "v1")
    assert found.why_for("v1") is why
    assert (found.why_for("v2").policy_version, why.policy_version) == ("v2", "v1")
    granted = why_of(Verdict(ALLOW, "", 3, "granted", "", "entry", 12), "v1")
    assert (granted.decision, granted.rule, granted.rule_line) == ("allow", "", 0)
    assert (granted.reason, granted.mode) == ("granted", "")


def test_a_text_with_its_literals_takes_the_place_of_the_masked_one() -> None:
    found = judged(Statement("SELECT", ("SELECT",), ()))
    shared = found.what
    found.masked = "SELECT 1"
    assert (found.masked, shared.statement) == ("SELECT 1", "m")
    assert (found.operation, found.digest) == ("SELECT", "d")


def test_facts_of_one_statement() -> None:
    found = judged(
        Statement(
            "INSERT",
            ("INSERT", "SELECT"),
            (
                Need(NEED_TABLE, "INSERT", "shop", "a", True),
                Need(NEED_TABLE, "SELECT", "shop", "a"),
                Need(NEED_TABLE, "SELECT", "", "b"),
                Need(NEED_ANY_RIGHT, "SHOW", "x", "c"),
                Need(NEED_SCHEMA, "DROP", "y"),
            ),
            functions=(RoutineRef("shop", "f"), RoutineRef("", "udf")),
            detections=(Detection("tautology", "1=1"),),
        )
    )
    assert (found.operation, found.operations) == ("INSERT", ("INSERT", "SELECT"))
    assert found.tables == ("shop.a", "b", "x.c")
    assert found.written == ("shop.a",)
    assert found.functions == ("shop.f", "udf")
    assert found.detections == ("tautology",)
    assert (found.digest, found.masked, found.sensitive) == ("d", "m", ("ssn",))
    assert (found.rereads, found.moves, found.plain, found.multi) == (False, False, True, False)


def test_plain_is_what_needs_nothing_more() -> None:
    assert judged(Statement("SELECT", ("SELECT",), ())).plain
    assert not judged(Statement("SELECT", (), ()), Statement("SELECT", (), ())).plain
    assert judged(Statement("LOAD", (), (), local_infile=True)).local_infile
    assert not judged(Statement("LOAD", (), (), local_infile=True)).plain
    assert judged(Statement("SET", (), (), rereads=True)).rereads
    names = Statement("SET", (), (), new_charset="latin1")
    assert (judged(names).new_charset, judged(names).moves, judged(names).rereads) == ("latin1", True, False)
    assert (judged(names, names).new_charset, judged(names, names).rereads) == ("", True)
    assert judged(Statement("CALL", (), (), calls=(RoutineRef("s", "p"),))).functions == ("s.p",)
    # A procedure may do anything to the session, so that its state must be read again.
    assert judged(Statement("CALL", (), (), calls=(RoutineRef("", "p"),))).rereads
    assert judged(Statement("CALL", (), (), calls=(RoutineRef("", "p"),))).moves


def test_what_may_change_the_catalog() -> None:
    for statement in (
        Statement("ALTER", ("ALTER",), ()),
        Statement("CREATE", ("CREATE", "DROP"), (), outline=("CREATE", "VIEW")),
        Statement("DROP", (), (), creates_routine=True),
    ):
        found = judged(statement)
        assert (found.defines, found.plain) == (True, False)
    for statement in (
        Statement("INSERT", ("INSERT",), ()),
        Statement("CREATE", ("CREATE",), (), outline=("CREATE", "TEMPORARY", "TABLE")),
    ):
        found = judged(statement)
        assert (found.defines, found.plain) == (False, True)
    unit = Statement("", (), (), True)
    analysis = Analysis((Statement("CALL", (), ()),), "", "", "", "", "", "", True)
    for defines in (False, True):
        behind = (Behind(PROCEDURE, "p", unit, "", False, defines),)
        assert Judged(analysis, Verdict(ALLOW), (), "QUERY", behind).defines is defines


def test_what_may_change_columns_counts_where_the_policy_limits_them() -> None:
    alter = Statement("ALTER", ("ALTER",), (), outline=("ALTER", "TABLE", ".t", "ADD", "a"))
    call = Statement("CALL", (), ())
    behind = (Behind(PROCEDURE, "p", Statement("", (), (), True), "", False, alters=True),)
    for limited in (False, True):
        for statement, reached in ((alter, ()), (call, behind)):
            analysis = Analysis((statement,), "", "", "", "", "", "", True)
            found = Judged(analysis, Verdict(ALLOW), (), "QUERY", reached, limited)
            assert (found.defines, found.plain) == (limited, not limited)


def test_the_last_change_of_schema_counts() -> None:
    found = judged(Statement("USE", (), (), new_schema="a"), Statement("USE", (), (), new_schema="b"))
    assert (found.new_schema, found.moves, found.multi) == ("b", True, True)


def test_dynamic_sql_has_the_facts_of_what_it_runs() -> None:
    inner = Statement("DELETE", ("DELETE",), (Need(NEED_TABLE, "DELETE", "s", "t", True),), rereads=True)
    found = judged(Statement("EXECUTE", ("EXECUTE",), (), folded=inner))
    assert (found.operations, found.written, found.rereads) == (("DELETE", "EXECUTE"), ("s.t",), True)


def test_without_statements_the_command_names_the_operation() -> None:
    found = Judged(Analysis((), "no", "", "", "", "", "", False), Verdict(BLOCK, "parse-error"), (), "QUERY")
    assert (found.operation, found.effect) == ("QUERY", BLOCK)


def test_cost_grows_with_what_is_held() -> None:
    small = judged(Statement("SELECT", (), ()))
    assert judged(Statement("SELECT", (), ()), masked="x" * 1000).cost() > small.cost() + 1000
    grown = judged(Statement("SET", (), (), assigned=(("s", b"x" * 1000), ("t", None))))
    assert grown.cost() == small.cost() + 1000
    named = judged(Statement("SELECT", (), (), columns=ColumnUses(("a",) * 10, b"x" * 30)))
    assert named.cost() == small.cost() + 630
