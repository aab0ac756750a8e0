from __future__ import annotations

from dbgate.dashboard import logins as module
from dbgate.dashboard.logins import Attempts, Logins


def test_a_login_ends_when_idle_and_in_any_case() -> None:
    logins = Logins(10.0, 25.0)
    cookie, login = logins.open("ada", "hash", "10.0.0.1", 0.0)
    assert logins.find(cookie, 9.0, touch=True) is login
    assert logins.find(cookie, 18.0, touch=False) is login
    assert logins.find(cookie, 19.5, touch=True) is None  # the look at 18 was no act
    cookie, login = logins.open("ada", "hash", "10.0.0.1", 0.0)
    for moment in (8.0, 16.0, 24.0):
        assert logins.find(cookie, moment, touch=True) is login
    assert logins.find(cookie, 26.0, touch=True) is None


def test_a_cookie_is_ours_or_nothing() -> None:
    logins = Logins(10.0, 25.0)
    cookie, _ = logins.open("ada", "hash", "10.0.0.1", 0.0)
    name, _, signature = cookie.partition(".")
    for other in (
        "",
        ".",
        name,
        f"{name}.",
        f"{name}.{signature[:-1]}0x",
        f"{name}.é",
        f"x{name}.{signature}",
    ):
        assert logins.find(other, 1.0, touch=True) is None
    assert Logins(10.0, 25.0).find(cookie, 1.0, touch=True) is None
    logins.close(cookie)
    logins.close(cookie)
    assert logins.find(cookie, 1.0, touch=True) is None


def test_there_is_an_end_of_open_logins() -> None:
    logins = Logins(1e9, 1e9)
    first, _ = logins.open("ada", "hash", "10.0.0.1", 0.0)
    second, _ = logins.open("ada", "hash", "10.0.0.1", 0.0)
    logins.find(first, 1.0, touch=True)
    for _ in range(module.MOST_LOGINS - 1):
        logins.open("bob", "hash", "10.0.0.2", 2.0)
    assert logins.find(second, 3.0, touch=False) is None
    assert logins.find(first, 3.0, touch=False) is not None


def test_too_many_tries_of_one_name_wait() -> None:
    attempts = Attempts()
    for second in range(5):
        assert attempts.wait("10.0.0.1", "ada", float(second)) == 0
        attempts.failed("10.0.0.1", "ada", float(second))
    assert attempts.wait("10.0.0.1", "ada", 5.0) == 295.0
    assert attempts.wait("10.0.0.1", "bob", 5.0) == 0
    assert attempts.wait("10.0.0.2", "ada", 5.0) == 0  # nobody locks a name out from elsewhere
    assert attempts.wait("10.0.0.1", "ada", 301.0) == 0
    attempts.passed("10.0.0.1", "ada")
    assert attempts.wait("10.0.0.1", "ada", 5.0) == 0


def test_too_many_tries_of_one_address_wait_whatever_the_name() -> None:
    attempts = Attempts()
    for number in range(20):
        attempts.failed(f"2001:db8::{number:x}", f"user{number}", 0.0)
    assert attempts.wait("2001:db8::ffff", "somebody", 1.0) > 0  # the same /64
    assert attempts.wait("2001:db8:0:1::1", "somebody", 1.0) == 0
    attempts.failed("no address", "x", 0.0)
    assert attempts.wait("no address", "x", 1.0) == 0


def test_who_logs_in_takes_no_try_from_the_others_at_that_address() -> None:
    """Behind a proxy all browsers have one address."""
    attempts = Attempts()
    for number in range(40):
        assert attempts.wait("10.0.0.1", f"user{number}", 1.0) == 0
        attempts.failed("10.0.0.1", f"user{number}", 1.0)  # counted before it is checked
        attempts.passed("10.0.0.1", f"user{number}")
    attempts.passed("10.0.0.9", "nobody")
