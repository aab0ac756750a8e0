from __future__ import annotations

from collections.abc import Callable

from dbgate.gate import brain as module
from dbgate.gate.brain import Scope, analysis_cost, refusal
from dbgate.gate.limits import Limits
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK
from dbgate.sql.analyze import analyze
from dbgate.sql.bodies import Definition, build
from dbgate.sql.catalog import VIEW, Catalog
from dbgate.sql.columns import TableColumns
from dbgate.sql.digest import MAX_KEYED
from dbgate.sql.memory import Memory
from dbgate.sql.statement import MYSQL, Analysis, LexContext
from dbgate.wire.build import packet, query

from .play import POLICY, brain, policy

CTX = LexContext(MYSQL, 90704)
CAPPED = """
global: {default_schema: shop}
access_control:
  - {user: app, allowed_tables: ["shop.users"], allowed_operations: [SELECT], rate_limit: 2/s, max_result_rows: 5}
  - {user: night, allowed_tables: ["*"], allowed_operations: [SELECT], time_restriction: {allow: "02:00-03:00"}}
data_protection:
  sensitive_columns: [{pattern: ssn}]
"""


BY_COLUMN = """
access_control:
  - {user: app, grants: [{tables: [shop.orders], operations: [SELECT], columns: [id, total]}]}
"""


def scope_of(the_brain: module.Brain, user: str = "app", schema: str = "shop") -> Scope:
    return the_brain.scope(CTX, schema, the_brain.entry_for(user, "10.0.0.9"), False)


def test_one_scope_for_one_state() -> None:
    it = brain()
    assert scope_of(it) is scope_of(it)
    assert scope_of(it) is not scope_of(it, schema="other")
    assert scope_of(it) is not scope_of(it, "root")
    assert scope_of(it) is not it.scope(CTX, "shop", it.entry_for("app", "10.0.0.9"), True)
    latin = LexContext(MYSQL, 90704, "latin1")
    assert scope_of(it) is not it.scope(latin, "shop", it.entry_for("app", "10.0.0.9"), False)


def test_dynamic_sql_by_what_is_known_of_the_session() -> None:
    rule = "procedure_control: {block_dynamic_sql: false}"
    root = (
        "access_control: [{user: app, allowed_tables: [shop.users], allowed_operations: [SELECT, EXECUTE]}]"
    )
    it = brain(f"{root}\n{rule}")
    scope = scope_of(it)
    memory = Memory()
    for table, effect in (("users", ALLOW), ("secret", BLOCK)):
        text = f"PREPARE p FROM 'SELECT a FROM {table} WHERE b = 5'".encode()
        memory.follow(analyze(text, CTX, "shop").statements, CTX.key, False)
        assert it.judge_recalled(scope, b"EXECUTE p", memory).effect == effect
    assert it.judge_text(scope, b"", b"EXECUTE p", False).verdict.rule == "dynamic-sql"
    literal = brain(f"global: {{log_literals: true}}\n{root}\n{rule}")
    assert "'lit'" in literal.judge_recalled(scope_of(literal), b"SELECT 'lit'; EXECUTE p", memory).masked


def test_a_catalog_counts_from_the_next_statement_on() -> None:
    it = brain()
    scope = scope_of(it)
    text = b"SELECT * FROM users"
    assert it.judge_text(scope, text, text, False).effect == ALLOW
    made = Definition(VIEW, "shop", "users", "select `shop`.`secret`.`x` AS `x` from `shop`.`secret`")
    it.publish_catalog(build([made], MYSQL, 90704, False))
    assert scope.epoch != it.epoch
    scope = scope_of(it)
    assert scope.view.find_exact(text) is None
    assert it.judge_text(scope, text, text, False).verdict.rule == "table-denied"
    it.publish_catalog(None)
    assert it.judge_text(scope_of(it), text, text, False).effect == ALLOW


def test_columns_count_from_the_next_statement_on() -> None:
    """Whatever was judged with other columns, or with none, is judged again."""
    it = brain(BY_COLUMN)
    text = b"SELECT * FROM orders"
    alter = b"ALTER TABLE orders ADD note INT"

    def verdict(sql: bytes = text) -> str:
        return it.judge_text(scope_of(it), sql, sql, False).verdict.rule

    def known(*names: str) -> Catalog:
        return Catalog((), columns=TableColumns({"shop\0orders": names}))

    assert verdict() == "column-denied"  # there is no catalog
    it.publish_catalog(Catalog(()))
    assert verdict() == "column-denied"  # its columns were not read
    it.publish_catalog(known("id", "total"))
    assert verdict() == ""
    assert verdict(b"SELECT id FROM orders") == ""
    it.publish_catalog(known("id", "note", "total"))
    assert verdict() == "column-denied"
    assert it.judge_text(scope_of(it), b"", alter, False).defines
    it.publish(policy(POLICY))
    assert verdict() == ""
    assert not it.judge_text(scope_of(it), b"", alter, False).defines


def test_who_is_told_of_changes() -> None:
    told: list[int] = []
    it = brain()
    it.on_change = told.append
    assert it.changed() == 0  # there is no catalog
    it.publish_catalog(Catalog(()))
    assert [it.changed(), it.changed()] == [1, 2]
    assert told == [1, 2]
    it.on_change = None
    assert it.changed() == 0


def test_scopes_are_bounded() -> None:
    it = brain(CAPPED, Limits(remembered=3))
    for number in range(20):
        scope_of(it, schema=f"s{number}")
        assert it.admitted(
            scope_of(it), it.judge_text(scope_of(it), b"", b"SELECT 1", False), f"u{number}", "", 1.0, True
        )
    assert len(it._scopes) <= 4
    assert len(it._buckets) <= 3


def test_what_a_scope_knows() -> None:
    it = brain(CAPPED)
    scope = scope_of(it)
    assert (scope.cap, scope.cap_enforced, scope.names_wanted, scope.simple) == (5, True, True, False)
    assert scope.watched
    assert scope.version == it.policy.version  # type: ignore[union-attr]
    assert not scope_of(it, "night").simple
    plain = scope_of(brain())
    assert (plain.cap, plain.watched, plain.simple) == (-1, False, True)
    assert scope_of(brain(""), "app").version == ""


def test_a_new_policy_is_a_new_epoch() -> None:
    it = brain()
    before = scope_of(it)
    text = b"SELECT id FROM orders"
    assert it.judge_text(before, b"raw", text, False).effect == ALLOW
    it.publish(policy(CAPPED))
    after = scope_of(it)
    assert after.epoch == before.epoch + 1
    found = it.judge_text(after, b"raw", text, False)
    assert (found.effect, found.verdict.rule) == (BLOCK, "table-denied")
    it.publish(None)
    assert it.judge_text(scope_of(it), b"raw", text, False).verdict.rule == "no-policy"
    assert it.entry_for("app", "10.0.0.9") is None
    assert it.sensitive.among([b"ssn"]) == ()


def test_verdicts_are_kept_by_bytes_and_by_shape() -> None:
    it = brain()
    scope = scope_of(it)
    first = it.judge_text(scope, b"raw 1", b"SELECT id FROM users WHERE id = 1", False)
    assert scope.view.find_exact(b"raw 1") is first
    assert it.judge_text(scope, b"raw 2", b"SELECT id FROM users WHERE id = 2", False) is first
    assert it.judge_text(scope, b"", b"SELECT id FROM users WHERE id = 3", False) is first
    assert it.judge_text(scope, b"raw 4", b"SELECT id FROM users WHERE id = 4", True) is not first
    assert it.judge_text(scope, b"raw 5", b"SELECT name FROM users WHERE id = 2", False) is not first


def test_a_chunk_is_recalled_by_its_shape() -> None:
    it = brain()
    ctx = LexContext(MYSQL, 0)
    scope = it.scope(ctx, "shop", it.entry_for("app", "10.0.0.9"), False)
    known = query(b"SELECT id FROM users WHERE id = 1")
    assert it.recall(scope, known) is None
    judged = it.judge_text(scope, known, known[5:], False)
    before = (it.verdicts.exact_misses, it.verdicts.shape_hits)
    new = query(b"SELECT id FROM users WHERE id = 2")
    assert it.recall(scope, new) is judged
    assert (it.verdicts.exact_misses, it.verdicts.shape_hits) == (before[0] + 1, before[1] + 1)
    assert new not in scope.view.exact
    assert it.recall(scope, new) is judged
    assert scope.view.exact[new] is judged  # it came twice
    third = query(b"SELECT id FROM users WHERE id = 33")
    for other in (
        third[:-1],
        third + b"\0",
        b"\x02\0\0\0\x03S",
        third[:3] + b"\1" + third[4:],
        third[:4] + b"\x16" + third[5:],
        query(b"SELECT id FROM users WHERE id = 3\0"),
        query(b"SELECT id FROM users WHERE ID = 3"),
        query(b"SELECT id FROM users WHERE id = " + b"3" * MAX_KEYED),
    ):
        assert it.recall(scope, other) is None
    it.limits.statement = 10
    assert it.recall(scope, third) is None


def test_query_attributes_are_no_part_of_the_shape() -> None:
    it = brain()
    scope = it.scope(LexContext(MYSQL, 0), "shop", it.entry_for("app", "10.0.0.9"), True)
    text = b"SELECT id FROM users WHERE id = 1"
    judged = it.judge_text(scope, b"", text, False)
    assert it.recall(scope, packet(0, b"\x03\0\x01" + text)) is judged
    assert it.recall(scope, packet(0, b"\x03\x01\x01" + text)) is None
    assert it.recall(scope, packet(0, b"\x03\0\x02" + text)) is None
    assert it.recall(scope, query(text)) is None


def test_nothing_is_recalled_where_literals_count() -> None:
    for text in (
        "",
        POLICY + 'sql_rules: {block_patterns: [{pattern: "evil", literals: true}]}\n',
        POLICY.replace("default_schema: shop", "default_schema: shop, log_literals: true"),
    ):
        it = brain(text)
        scope = it.scope(LexContext(MYSQL, 0), "shop", it.entry_for("app", "10.0.0.9"), False)
        chunk = query(b"SELECT id FROM users WHERE id = 1")
        it.judge_text(scope, b"", chunk[5:], False)
        assert it.recall(scope, chunk) is None


def test_shapes_do_not_count_where_a_rule_reads_literals() -> None:
    it = brain(
        """
access_control: [{user: app, allowed_tables: ["*"], allowed_operations: [SELECT]}]
sql_rules: {block_patterns: [{pattern: "evil", literals: true}]}
"""
    )
    scope = scope_of(it)
    assert it.judge_text(scope, b"1", b"SELECT id FROM users WHERE name = 'good'", False).effect == ALLOW
    found = it.judge_text(scope, b"2", b"SELECT id FROM users WHERE name = 'evil'", False)
    assert (found.effect, found.verdict.rule) == (BLOCK, "block-pattern")


def test_what_is_not_shared_is_judged_by_itself() -> None:
    it = brain()
    scope = scope_of(it)
    one = it.judge_text(scope, b"1", b"SELECT id FROM users WHERE id = 1 OR 1 = 1", False)
    two = it.judge_text(scope, b"2", b"SELECT id FROM users WHERE id = 1 OR 1 = 2", False)
    assert one is not two


def test_analyses_outlive_a_policy() -> None:
    it = brain()
    text = b"SELECT id FROM users"
    first = it.judge_text(scope_of(it), b"raw", text, False)
    it.publish(policy())
    second = it.judge_text(scope_of(it), b"raw", text, False)
    assert second is not first
    assert second.analysis is first.analysis


def test_literals_are_logged_where_the_policy_wants_them() -> None:
    it = brain(CAPPED.replace("default_schema: shop", "default_schema: shop, log_literals: true"))
    scope = scope_of(it)
    texts = [b"SELECT id FROM users WHERE id = 1", b"SELECT id FROM users WHERE id = 2"]
    assert [it.judge_text(scope, b"", text, False).masked for text in texts] == [
        text.decode() for text in texts
    ]
    secret = b"SET PASSWORD = PASSWORD('hunter2')"
    assert "hunter2" not in it.judge_text(scope, b"", secret, False).masked
    assert it.judge_text(scope, b"", b"SELECT 'x", False).masked


def test_commands_in_words() -> None:
    it = brain()
    scope = scope_of(it)
    use = it.judge_command(scope, "init_db", "shop", "INIT_DB")
    assert (use.effect, use.new_schema) == (ALLOW, "shop")
    assert it.judge_command(scope, "init_db", "shop", "INIT_DB") is use
    assert it.judge_command(scope, "init_db", "mysql", "INIT_DB").effect == BLOCK
    assert it.judge_command(scope, "admin", "shutdown", "SHUTDOWN").verdict.rule == "operation-denied"


def test_rates_and_clocks_are_asked_each_time() -> None:
    it = brain(CAPPED)
    scope = scope_of(it)
    judged = it.judge_text(scope, b"r", b"SELECT id FROM users", False)
    rules = [it.admitted(scope, judged, "app", "10.0.0.9", 1.0, True).rule for _ in range(3)]
    assert rules == ["", "", "rate-limit"]
    assert it.admitted(scope, judged, "app", "10.0.0.9", 1.0, False).rule == ""
    assert it.admitted(scope, judged, "app", "10.0.0.8", 1.0, True).rule == ""
    assert it.admitted(scope, judged, "app", "10.0.0.9", 1.6, True).rule == ""
    ips = (
        "2001:db8::1",
        "2001:db8::2",
        "2001:db8::3:4",
        "2001:db8:0:1::1",
    )  # three of one /64, and a neighbour
    rules = [it.admitted(scope, judged, "app", ip, 1.0, True).rule for ip in ips]
    assert rules == ["", "", "rate-limit", ""]
    night = scope_of(it, "night")
    judged = it.judge_text(night, b"r", b"SELECT id FROM users", False)
    it.wall_offset = 1_700_000_000 - 1_700_000_000 % 86400
    assert it.admitted(night, judged, "night", "", 2.5 * 3600, True).rule == ""
    assert it.admitted(night, judged, "night", "", 3.5 * 3600, True).rule == "time-restriction"
    free = scope_of(brain())
    assert it.admitted(free, judged, "app", "", 1.0, True) is judged.verdict


def test_each_statement_of_a_text_counts() -> None:
    it = brain(CAPPED)
    scope = scope_of(it)
    two = it.judge_text(scope, b"r", b"SELECT id FROM users; SELECT id FROM users", False)
    one = it.judge_text(scope, b"s", b"SELECT id FROM users", False)
    rules = [it.admitted(scope, judged, "app", "10.0.0.9", 1.0, True).rule for judged in (two, one)]
    assert rules == ["", "rate-limit"]
    slow = brain(CAPPED.replace("2/s", "120/h"))
    scope = scope_of(slow)
    rules = [slow.admitted(scope, one, "app", "10.0.0.9", 1.0, True).rule for _ in range(121)]
    assert rules == [""] * 120 + ["rate-limit"]


def test_rate_limits_count_over_all_workers() -> None:
    spent = [0, 0]

    def ledger(mine: int) -> Callable[[str, int], int]:
        def add(key: str, count: int) -> int:
            assert key == "app@10.0.0.9"
            spent[mine] += count
            return spent[1 - mine]

        return add

    one, other = brain(CAPPED), brain(CAPPED)
    one.ledger, other.ledger = ledger(0), ledger(1)
    rules = []
    for turn in range(6):
        it = (one, other)[turn % 2]
        scope = scope_of(it)
        judged = it.judge_text(scope, b"r", b"SELECT id FROM users", False)
        rules.append(it.admitted(scope, judged, "app", "10.0.0.9", 1.0, True).rule)
    assert rules.count("") in (2, 3)  # the second worker may not have seen the very first statement
    assert rules[-2:] == ["rate-limit", "rate-limit"]
    assert sum(spent) == rules.count("")


def test_sensitive_names() -> None:
    it = brain(CAPPED)
    assert it.judge_text(scope_of(it), b"r", b"SELECT ssn, id FROM users", False).sensitive == ("ssn",)
    plain = brain()
    assert plain.judge_text(scope_of(plain), b"r", b"SELECT ssn FROM users", False).sensitive == ()


def test_how_long_a_session_may_be_idle_is_the_policys_word_before_the_settings() -> None:
    shorter = POLICY.replace("global: {", "global: {connection_timeout: 3s, ")
    assert brain().idle_timeout() == 0.0
    assert brain(limits=Limits(idle_timeout=30.0)).idle_timeout() == 30.0
    assert brain(shorter, Limits(idle_timeout=30.0)).idle_timeout() == 3.0


def test_small_things() -> None:
    assert refusal("statement-size", "big").mode == "enforce"
    assert analysis_cost(Analysis((), "", "", "m" * 100, "", "c", "l", True)) > 100
    grown = b"SET @s = REPLACE('" + b"a" * 200 + b"', 'a', '" + b"b" * 300 + b"')"
    assert analysis_cost(analyze(grown, LexContext(MYSQL, 80400), "")) > 50_000
    assert WOULD_BLOCK < BLOCK


def test_a_halt_is_an_epoch_in_which_nothing_passes() -> None:
    it = brain()
    scope = scope_of(it)
    judged = it.judge_text(scope, b"r", b"SELECT id FROM users", False)
    assert scope.simple
    epoch = it.epoch
    it.halt("")
    assert it.epoch == epoch
    it.halt("no space")
    it.halt("no space")
    assert it.epoch == epoch + 1
    halted = scope_of(it)
    assert not halted.simple
    assert it.admitted(halted, judged, "app", "10.0.0.9", 1.0, True).rule == "audit-failure"
    assert it.admitted(halted, judged, "app", "10.0.0.9", 1.0, True, False) is judged.verdict
    it.halt("")
    assert scope_of(it).simple
