from __future__ import annotations

from dbgate.policy.compile import compile_policy
from dbgate.policy.load import parse_policy
from dbgate.policy.whocan import Who, who_can

TEXT = """\
global: {default_schema: shop}
access_control:
- {name: app, user: app_one, source_ip: 10.0.0.0/8, allowed_tables: [users], allowed_operations: [SELECT]}
- {name: apps, user: ["app_*", app_one], allowed_tables: [users], allowed_operations: [SELECT, CALL],
   rate_limit: 5/s, time_restriction: {allow: ["09:00-18:00"]}}
- {name: again, user: app_two, allowed_tables: ["*"], allowed_operations: ["*"]}
- {name: watched, user: watched, mode: monitor, allowed_tables: [other], allowed_operations: [SELECT]}
- {name: safe, user: safe, require_tls: true, allowed_tables: [users], allowed_operations: [DELETE]}
- {name: signed, user: signed, cert_subject: "CN=a,*", allowed_tables: [users], allowed_operations: [DELETE]}
- {name: none, user: none, allowed_tables: [orders], allowed_operations: [SELECT]}
sql_rules: {block_statements: [DROP]}
procedure_control: {mode: whitelist, whitelist: [shop.p]}
"""


def ask(operation: str, schema: str = "", table: str = "") -> dict[tuple[str, str], Who]:
    file = parse_policy(TEXT)
    return {
        (who.entry, who.user): who for who in who_can(file, compile_policy(file), operation, schema, table)
    }


def test_who_reads_a_table() -> None:
    found = ask("SELECT", "shop", "users")
    assert {key for key, who in found.items() if who.can and who.reached} == {
        ("app", "app_one"),
        ("apps", "app_*"),
        ("apps", "app_one"),
        ("watched", "watched"),
    }
    assert found["app", "app_one"].sources == ["10.0.0.0/8"]
    glob = found["apps", "app_*"]
    assert glob.exceptions == [("app_one", 3)]
    assert (glob.rate, "09:00-18:00" in glob.when) == ("5/s", True)
    assert not found["again", "app_two"].reached  # app_* comes first
    assert found["watched", "watched"].verdict.rule == "table-denied"
    assert found["none", "none"].verdict.rule == "table-denied"


def test_what_is_blocked_for_all() -> None:
    assert not any(who.can for who in ask("DROP", "shop", "users").values() if who.entry != "watched")
    assert ask("SELECT", "mysql", "user")["again", "app_two"].verdict.rule == "schema-access"


def test_procedures_and_what_needs_no_table() -> None:
    assert ask("CALL", "shop", "p")["apps", "app_*"].can
    assert ask("CALL", "shop", "q")["apps", "app_*"].verdict.rule == "procedure"
    assert ask("SHOW")["again", "app_two"].can
    assert not ask("SHOW")["none", "none"].can


def test_what_is_demanded_of_the_connection() -> None:
    found = {who.user: who.transport for who in ask("DELETE", "shop", "users").values() if who.can}
    assert found["safe"] == "over TLS"
    assert found["signed"] == "with a client certificate of CN=a,*"
    assert found["watched"] == ""


LIMITED = """\
access_control:
- {name: whole, user: whole, allowed_tables: [shop.orders], allowed_operations: [SELECT]}
- {name: part, user: part, grants: [{tables: "shop.o*", operations: [SELECT], columns: [Total, id]},
   {tables: shop.orders, operations: [UPDATE, SELECT], columns: state}]}
- {name: none, user: none, allowed_tables: [shop.users], allowed_operations: [SELECT]}
"""


def test_who_may_do_it_to_some_columns() -> None:
    file = parse_policy(LIMITED)

    def answer(operation: str, column: str = "") -> list[tuple[str, bool, list[str]]]:
        found = who_can(file, compile_policy(file), operation, "shop", "orders", column)
        return [(who.user, who.can, who.columns) for who in found]

    some = ["id", "state", "total"]
    assert answer("SELECT") == [("whole", True, []), ("part", True, some), ("none", False, [])]
    assert answer("SELECT", "TOTAL") == [("whole", True, []), ("part", True, some), ("none", False, [])]
    assert answer("SELECT", "ssn") == [("whole", True, []), ("part", False, some), ("none", False, [])]
    assert answer("UPDATE", "state") == [("whole", False, []), ("part", True, ["state"]), ("none", False, [])]
    assert answer("DELETE") == [("whole", False, []), ("part", False, []), ("none", False, [])]
    found = who_can(file, compile_policy(file), "SELECT", "shop", "orders", "ssn")[1]
    assert (found.verdict.rule, found.verdict.reason) == (
        "column-denied",
        "SELECT of shop.orders.ssn is not granted to entry 'part'",
    )
