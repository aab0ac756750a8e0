"""What the policy tests share: short ways to a compiled policy and to analyses, built from values."""

from __future__ import annotations

from pathlib import Path

from dbgate.policy.compile import compile_policy
from dbgate.policy.compiled import CompiledEntry, CompiledPolicy
from dbgate.policy.evaluate import decide, find_entry
from dbgate.policy.load import parse_policy
from dbgate.policy.verdict import Verdict
from dbgate.sql.statement import NEED_BARE, NEED_TABLE, Analysis, Need, Statement

POLICIES = Path(__file__).parents[2] / "data" / "policies"

APP = "access_control:\n- {name: app, user: app, allowed_tables: [shop.users], allowed_operations: [SELECT, INSERT]}\n"


def compiled(text: str) -> CompiledPolicy:
    return compile_policy(parse_policy(text))


def entry_of(policy: CompiledPolicy, user: str = "app", client_ip: str = "10.0.0.1") -> CompiledEntry:
    entry = find_entry(policy, user, client_ip)
    assert entry is not None
    return entry


def need(operation: str, table: str = "users", schema: str = "shop") -> Need:
    return Need(NEED_TABLE, operation, schema, table)


def bare(operation: str) -> Need:
    return Need(NEED_BARE, operation)


def statement(operation: str = "SELECT", table: str = "users", schema: str = "shop") -> Statement:
    """One operation on one table."""
    return Statement(operation, (operation,), (need(operation, table, schema),))


def analysis(
    *statements: Statement,
    error: str = "",
    session_state: str = "",
    canonical: str = "SELECT '?'",
    canonical_literals: str = "SELECT 'x'",
    folded: bool = False,
) -> Analysis:
    return Analysis(
        statements, error, session_state, "masked", "0" * 32, canonical, canonical_literals, True, folded
    )


def judge(text: str, *statements: Statement, user: str = "app", canonical: str = "SELECT '?'") -> Verdict:
    """The verdict of the policy `text` on `statements` by `user`."""
    policy = compiled(text)
    return decide(policy, find_entry(policy, user, "10.0.0.1"), analysis(*statements, canonical=canonical))
