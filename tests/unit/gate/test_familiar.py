from __future__ import annotations

from dbgate.gate.familiar import LONGEST, LONGEST_REASON, MOST, Familiar, Named, Surroundings
from dbgate.policy.verdict import ALLOW, BLOCK, Verdict
from dbgate.sql.statement import MYSQL, LexContext

from .play import policy

CTX = LexContext(MYSQL, 90704)


def who() -> Named:
    return Named("app", "shop", "app", "shop", "utf8mb4", True, "plug")


def test_a_verdict_holds_where_nothing_has_changed() -> None:
    it = who()
    verdict = Verdict(ALLOW)
    assert it.known(0, "", False, False) is None
    it.judged(policy().entries[0], verdict, 3, "10.0.0.9", True, False)
    assert it.known(3, "10.0.0.9", True, False) is verdict
    assert it.known(4, "10.0.0.9", True, False) is None
    assert it.known(3, "10.0.0.8", True, False) is None
    assert it.known(3, "10.0.0.9", False, False) is None
    assert it.known(3, "10.0.0.9", True, True) is None


def test_logins_are_kept_within_bounds_and_let_go_with_their_policy() -> None:
    it = Familiar()
    it.keep_login(b"", who(), 1)
    it.keep_login(b"x" * (LONGEST + 1), who(), 1)
    assert not it.logins
    late = who()
    late.judged(policy().entries[0], Verdict(ALLOW), 1, "", False, False)
    it.keep_login(b"late", late, 2)
    assert not it.logins
    it.keep_login(b"late", late, 1)
    assert it.logins[b"late"] is late
    for number in range(3 * MOST):
        it.keep_login(b"%d" % number, who(), 1)
        assert len(it.logins) <= MOST
    assert it.logins
    it.forget()
    assert not it.logins


def test_what_records_say_of_a_login_is_made_once() -> None:
    it = who()
    verdict = Verdict(ALLOW, reason="granted")
    why = it.why_for(verdict, "v1")
    assert (why.decision, why.reason, why.policy_version) == ("allow", "granted", "v1")
    assert it.why_for(verdict, "v1") is why
    assert it.why_for(verdict, "v2").policy_version == "v2"
    other = it.why_for(Verdict(BLOCK, "no-policy"), "v2")
    assert (other.decision, other.rule) == ("block", "no-policy")


def test_oks_are_kept_within_bounds() -> None:
    it = Familiar()
    it.keep_ok(b"x" * (LONGEST + 1), 2)
    assert not it.oks
    for number in range(3 * MOST):
        it.keep_ok(b"%d" % number, number)
        assert it.oks[b"%d" % number] == number
        assert len(it.oks) <= MOST


def test_partings_are_shared_within_bounds() -> None:
    it = Familiar()
    why = it.parting("the client quit")
    assert (why.reason, why.decision, why.policy_version) == ("the client quit", "", "")
    assert it.parting("the client quit") is why
    long = "x" * (LONGEST_REASON + 1)
    assert it.parting(long).reason == long
    assert it.parting(long) is not it.parting(long)
    for number in range(3 * MOST):
        assert it.parting(f"{number}").reason == f"{number}"
        assert len(it._partings) <= MOST


def test_answers_are_kept_within_bounds() -> None:
    it = Familiar()
    told = Surroundings(0, 2, "shop", CTX, "")
    it.keep_answer(b"", told)
    it.keep_answer(b"x" * (LONGEST + 1), told)
    assert not it.answers
    for number in range(3 * MOST):
        it.keep_answer(b"%d" % number, told)
        assert 0 < len(it.answers) <= MOST
