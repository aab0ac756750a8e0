from __future__ import annotations

from dbgate.policy.evaluate import find_entry
from dbgate.policy.explain import explain
from dbgate.policy.login import judge_login
from dbgate.policy.transport import transport
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MYSQL, LexContext
from tests.rows import rows

from .making import compiled

TEXT = """
access_control:
  - user: tls
    require_tls: true
    allowed_tables: ["*"]
    allowed_operations: [SELECT]
  - user: cert
    cert_subject: "CN=app,*"
    allowed_tables: ["*"]
    allowed_operations: [SELECT]
  - user: both
    mode: monitor
    require_tls: true
    cert_subject: CN=app
    allowed_tables: ["*"]
    allowed_operations: [SELECT]
  - {user: none, allowed_tables: ["*"], allowed_operations: [SELECT]}
"""


@rows(
    ("user", "tls", "subject", "effect", "line"),
    [
        ("tls", True, "", ALLOW, 0),
        ("tls", False, "", BLOCK, 4),
        ("cert", True, "CN=app,O=Shop", ALLOW, 0),
        ("cert", True, "CN=app", BLOCK, 8),
        ("cert", True, "CN=app\\,O=Shop", BLOCK, 8),
        ("cert", True, "OU=x,CN=app,O=Shop", BLOCK, 8),
        ("cert", True, "cn=app,O=Shop", BLOCK, 8),
        ("cert", True, "", BLOCK, 8),
        ("cert", False, "", BLOCK, 8),
        ("both", True, "CN=app", ALLOW, 0),
        ("both", True, "CN=app2", WOULD_BLOCK, 14),
        ("both", False, "", WOULD_BLOCK, 13),
        ("none", False, "", ALLOW, 0),
    ],
)
def test_what_a_rule_demands(user: str, tls: bool, subject: str, effect: int, line: int) -> None:
    policy = compiled(TEXT)
    entry = find_entry(policy, user, "10.0.0.1")
    found = transport(entry, tls, subject)
    login = judge_login(policy, user, "10.0.0.1", "", 0.0, False, tls, subject)
    told = explain(
        policy,
        user,
        "10.0.0.1",
        analyze(b"SELECT 1", LexContext(MYSQL, 90000), ""),
        0.0,
        tls=tls,
        subject=subject,
    ).verdict
    if effect == ALLOW:
        assert found is None
        assert (login.effect, told.effect) == (ALLOW, ALLOW)
        return
    assert found is not None
    for verdict in (found, login, told):
        assert (verdict.effect, verdict.rule, verdict.line, verdict.step) == (effect, "tls-required", line, 3)
        assert "CN=" not in verdict.reason  # the same for all, so that verdicts can be shared


def test_nobody_and_anybody() -> None:
    assert transport(None, False, "") is None
    policy = compiled(TEXT)
    analysis = analyze(b"SELECT 1", LexContext(MYSQL, 90000), "")
    assert explain(policy, "cert", "10.0.0.1", analysis, 0.0).verdict.effect == ALLOW
    assert explain(policy, "tls", "10.0.0.1", analysis, 0.0, tls=False).verdict.rule == "tls-required"
