"""What docs/policy.md promises, statement by statement: tests/data/contract/cases.txt, under the policies beside it."""

from __future__ import annotations

import functools

from dbgate.policy.compiled import CompiledPolicy
from dbgate.policy.evaluate import admit, combine, decide, find_entry
from dbgate.policy.explain import explain
from dbgate.policy.verdict import WOULD_BLOCK
from dbgate.sql.analyze import analyze, command
from dbgate.sql.statement import MARIADB, MYSQL, LexContext
from tests.rows import rows
from tests.unit.policy.making import POLICIES, compiled

FOLDER = POLICIES.parent / "contract"
NIGHT_IN_SEOUL = 1_700_064_000.0  # 01:00
SERVERS = {
    "mariadb": [LexContext(MARIADB, 101106)],
    "mysql": [LexContext(MYSQL, 90704)],
    "both": [LexContext(MARIADB, 101106), LexContext(MYSQL, 90704)],
    "folding": [LexContext(MARIADB, 101106, fold_names=True)],
}
COMMANDS = ("init_db", "field_list", "create_db", "drop_db", "admin", "session")


def cases() -> list[list[str]]:
    lines = (FOLDER / "cases.txt").read_text().splitlines()
    return [line.split(" | ", 4) for line in lines if not line.startswith("#")]


@functools.cache
def policy_of(name: str) -> CompiledPolicy:
    return compiled((FOLDER / f"{name}.yaml").read_text())


@rows(("who", "servers", "expected", "schema", "sql"), cases())
def test_the_contract(who: str, servers: str, expected: str, schema: str, sql: str) -> None:
    name, _, user = who.partition(":")
    policy = policy_of(name)
    entry = find_entry(policy, user or "app", "10.0.0.1")
    schema = schema.strip("-")
    kind, _, rest = sql.partition(": ")
    for ctx in SERVERS[servers]:
        if kind in COMMANDS:
            analysis = command(kind, rest, ctx, schema)
        else:
            analysis = analyze(sql.encode(), ctx, schema)
        verdict = combine(admit(policy, entry, NIGHT_IN_SEOUL, True), decide(policy, entry, analysis))
        found = ("would:" if verdict.effect == WOULD_BLOCK else "") + (verdict.rule or "allow")
        assert found == expected, verdict.reason
        told = explain(policy, user or "app", "10.0.0.1", analysis, NIGHT_IN_SEOUL).verdict
        assert (told.effect, told.rule, told.line) == (verdict.effect, verdict.rule, verdict.line)
