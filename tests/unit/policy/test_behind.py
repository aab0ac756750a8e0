"""The steps of the decision, on what stands behind the names of a statement."""

from __future__ import annotations

from dbgate.policy import behind as module
from dbgate.policy.evaluate import decide
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.analyze import analyze
from dbgate.sql.catalog import FUNCTION, NO_CATALOG, PROCEDURE, TRIGGER, VIEW, Behind
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import MARIADB, NEED_TABLE, LexContext, Need, RoutineRef, Statement

from .making import analysis, bare, compiled, entry_of, need, statement

RIGHTS = (
    "access_control:\n- {name: app, user: app, allowed_tables: [shop.users], allowed_operations: [SELECT, INSERT, CALL],"
    " allowed_functions: [shop.f], blocked_operations: [UPDATE]%s}\n"
)


def one(
    *needs: Need,
    kind: int = VIEW,
    problem: str = "",
    dynamic: bool = False,
    functions: tuple[RoutineRef, ...] = (),
    calls: tuple[RoutineRef, ...] = (),
) -> Behind:
    operations = tuple(sorted({need.operation for need in needs}))
    unit = Statement("", operations, needs, True, functions, calls)
    return Behind(kind, "view shop.v (definer root@%)", unit, problem, dynamic)


def judge(*behind: Behind, text: str = RIGHTS % "", mode: str = "") -> Verdict:
    policy = compiled(text if not mode else RIGHTS % f", mode: {mode}")
    return decide(policy, entry_of(policy), analysis(statement()), behind)


def test_what_is_granted_passes() -> None:
    assert judge().effect == ALLOW
    assert judge(one(need("SELECT"), need("INSERT")), one()).effect == ALLOW


def test_what_a_body_reads_must_be_granted() -> None:
    verdict = judge(one(need("SELECT")), one(need("SELECT", "secret")))
    assert (verdict.effect, verdict.rule, verdict.step, verdict.line) == (BLOCK, "table-denied", 10, 2)
    assert verdict.reason == (
        "SELECT on shop.secret is not granted to entry 'app'; behind view shop.v (definer root@%)"
    )


def test_in_monitor_mode_it_would_be_blocked() -> None:
    verdict = judge(one(need("SELECT", "secret")), mode="monitor")
    assert (verdict.effect, verdict.mode) == (WOULD_BLOCK, "monitor")
    verdict = judge(one(problem="why"), mode="monitor")
    assert (verdict.effect, verdict.mode) == (WOULD_BLOCK, "monitor")


def test_the_statement_itself_comes_first() -> None:
    policy = compiled(RIGHTS % "")
    verdict = decide(
        policy, entry_of(policy), analysis(statement("SELECT", "orders")), (one(need("SELECT", "secret")),)
    )
    assert verdict.reason == "SELECT on shop.orders is not granted to entry 'app'"


def test_blocked_operations_hold_at_any_depth() -> None:
    assert judge(one(need("UPDATE"))).rule == "blocked-operation"
    text = RIGHTS % "" + "sql_rules: {block_statements: [TRUNCATE]}\n"
    verdict = judge(one(need("TRUNCATE")), text=text)
    assert (verdict.rule, verdict.step) == ("block-statement", 5)
    assert verdict.reason.endswith("; behind view shop.v (definer root@%)")
    assert judge(one(need("SELECT")), text=text).effect == ALLOW


def test_the_servers_own_schemas_are_closed() -> None:
    assert judge(one(need("SELECT", "user", "mysql"))).rule == "schema-access"
    assert judge(one(calls=(RoutineRef("sys", "diagnostics"),))).rule == "schema-access"


def test_bodies_that_cannot_be_followed() -> None:
    for kind, rule in (
        (VIEW, "table-denied"),
        (TRIGGER, "table-denied"),
        (PROCEDURE, "procedure"),
        (FUNCTION, "function-denied"),
    ):
        verdict = judge(one(kind=kind, problem="it is hidden"))
        assert (verdict.effect, verdict.rule) == (BLOCK, rule)
        assert verdict.reason == "view shop.v (definer root@%) cannot be followed: it is hidden"
        assert judge(one(kind=kind, problem="why", dynamic=True)).rule == "dynamic-sql"
    nowhere = Behind(VIEW, "", Statement("", (), (), True), "there is no catalog: x", False)
    assert judge(nowhere).reason == "there is no catalog: x"


def test_the_blacklist_holds_at_any_depth_and_the_whitelist_for_clients() -> None:
    inner = one(calls=(RoutineRef("shop", "inner"),))
    text = RIGHTS % "" + "procedure_control: {mode: %s, %s: [shop.%s]}\n"
    assert judge(inner, text=text % ("blacklist", "blacklist", "inner")).rule == "procedure"
    assert judge(inner, text=text % ("blacklist", "blacklist", "other")).effect == ALLOW
    assert judge(inner, text=text % ("whitelist", "whitelist", "other")).effect == ALLOW
    assert judge(inner).effect == ALLOW


def test_functions_of_which_only_the_name_is_known() -> None:
    assert judge(one(functions=(RoutineRef("shop", "f"),))).effect == ALLOW
    verdict = judge(one(functions=(RoutineRef("shop", "g"),)))
    assert (verdict.rule, verdict.step) == ("function-denied", 11)


def test_operations_without_a_table() -> None:
    assert judge(one(bare("ADMIN"))).rule == "operation-denied"


def test_the_same_reason_where_the_way_is_not_known() -> None:
    policy = compiled(RIGHTS % "")
    nowhere = Behind(VIEW, "", Statement("", ("SELECT",), (need("SELECT", "secret"),), True), "", False)
    found = module.granted(entry_of(policy), (nowhere,), False)
    assert found is not None
    assert found.reason == "SELECT on shop.secret is not granted to entry 'app'"


def test_a_reason_in_the_log_tells_that_it_was_found_behind_a_name() -> None:
    nowhere = Behind(VIEW, "", Statement("", (), (), True), f"{NO_CATALOG}: x", False)
    for verdict in (judge(one(need("SELECT", "secret"))), judge(one(problem="why")), judge(nowhere)):
        assert verdict.effect == BLOCK and module.by_what_is_behind(verdict.reason)
    assert not module.by_what_is_behind("SELECT on shop.secret is not granted to entry 'app'")


BY_COLUMN = (
    "access_control:\n- {name: app, user: app, allowed_tables: [shop.users, shop.v], allowed_operations: [SELECT],\n"
    "   grants: [{tables: shop.orders, operations: [SELECT, INSERT], columns: [id, total]}]}\n"
)
KNOWN = TableColumns({"shop\0orders": ("id", "ssn", "total")})


def by_column(sql: str, known: TableColumns | None = KNOWN) -> Verdict:
    """A statement that reaches a body with this text."""
    body = analyze(sql.encode(), LexContext(MARIADB, 101106), "shop").statements[0]
    unit = Statement("", body.operations, body.needs, True, columns=body.columns)
    policy = compiled(BY_COLUMN)
    behind = (Behind(VIEW, "view shop.v (definer root@%)", unit, "", False),)
    return decide(policy, entry_of(policy), analysis(statement()), behind, known)


def test_what_a_body_reads_of_a_table_must_be_granted_by_columns() -> None:
    assert by_column("SELECT id, total FROM orders").effect == ALLOW
    verdict = by_column("SELECT id FROM orders WHERE ssn = 1")
    assert (verdict.effect, verdict.rule, verdict.step, verdict.line) == (BLOCK, "column-denied", 10, 3)
    assert verdict.reason == (
        "SELECT of shop.orders.ssn is not granted to entry 'app'; behind view shop.v (definer root@%)"
    )
    assert by_column("SELECT id FROM orders", None).rule == "column-denied"


def test_a_write_through_a_view_is_one_of_all_columns() -> None:
    """The catalog adds the write to what the body reads: of its columns the body says nothing."""
    body = analyze(b"SELECT id FROM orders", LexContext(MARIADB, 101106), "shop").statements[0]
    needs = (*body.needs, Need(NEED_TABLE, "INSERT", "shop", "orders", True))
    unit = Statement("", ("INSERT", "SELECT"), needs, True, columns=body.columns)
    policy = compiled(BY_COLUMN)
    verdict = decide(
        policy,
        entry_of(policy),
        analysis(statement()),
        (Behind(VIEW, "view shop.v", unit, "", False),),
        KNOWN,
    )
    assert verdict.reason == (
        "INSERT of all columns of shop.orders, of which ssn is not granted to entry 'app'; behind view shop.v"
    )
