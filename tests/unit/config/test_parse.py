"""Each parser: what it takes, and that what it refuses says what was expected."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dbgate.config import parse
from dbgate.config.parse import Address
from tests.rows import rows


@rows(
    ("text", "value"),
    [
        ("127.0.0.1:3306", Address("127.0.0.1", 3306)),
        (" db.internal:3306 ", Address("db.internal", 3306)),
        ("[::1]:3306", Address("::1", 3306)),
        ("[FD00:0::1]:1", Address("fd00::1", 1)),
        (":3306", Address("127.0.0.1", 3306)),
        ("localhost:0", Address("localhost", 0)),
        ("a-b_c.d.:1", Address("a-b_c.d.", 1)),
        ("x" * 63 + ":1", Address("x" * 63, 1)),
    ],
)
def test_address(text: str, value: Address) -> None:
    assert parse.address(text) == value


@rows(
    "text",
    [
        *(
            "",
            "3306",
            "host",
            "host:",
            "host:70000",
            "host:-1",
            "::1:3306",
            "[::g]:1",
            "[::1:3",
            "a b:1",
            "h:٣",
        ),
        *("a..b:1", ".a:1", "a-.b:1", "x" * 64 + ":1"),
    ],
)
def test_address_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse.address(text)


def test_address_is_written_as_it_is_read() -> None:
    for text in ("127.0.0.1:3306", "[::1]:3306", "db:1"):
        assert str(parse.address(text)) == text


def test_upstream() -> None:
    assert parse.upstream("db:3306") == Address("db", 3306)
    for text in ("/run/mysqld.sock", "unix:/run/mysqld.sock"):
        with pytest.raises(ValueError, match="Unix socket"):
            parse.upstream(text)
    with pytest.raises(ValueError, match="1 to 65535"):
        parse.upstream("db:0")


def test_off() -> None:
    assert parse.address_or_off("Off") is None
    assert parse.address_or_off("[::]:1") == Address("::", 1)
    assert parse.path_or_off("OFF") == ""
    assert parse.duration_or_off("Off") == 0.0 and parse.duration_or_off("2s") == 2.0
    assert parse.path_or_off("/tmp/x") == "/tmp/x"


def test_switch_and_an_optional_path() -> None:
    assert parse.switch("On") is parse.switch("true") is True
    assert parse.switch("off") is parse.switch(" False ") is False
    with pytest.raises(ValueError, match="on or off"):
        parse.switch("yes please")
    assert parse.path_or_default(" ") == ""
    assert parse.path_or_default("/x") == "/x"


@rows(("text", "value"), [("500ms", 0.5), ("30s", 30), ("1.5m", 90), ("1h", 3600), (" 2s ", 2)])
def test_duration(text: str, value: float) -> None:
    assert parse.duration(text) == pytest.approx(value)


@rows(
    ("text", "value"),
    [("0", 0), ("65536", 65536), ("64KiB", 65536), ("64k", 65536), ("1MB", 1 << 20), ("2 GiB", 2 << 30)],
)
def test_size(text: str, value: int) -> None:
    assert parse.size(text) == value


@rows(
    ("parser", "text"),
    [
        (parse.duration, "30"),
        (parse.duration, "0s"),
        (parse.duration, "9000h"),
        (parse.duration, "-1s"),
        (parse.size, "1.5M"),
        (parse.size, "-1"),
        (parse.size, "1T"),
        (parse.integer, "x"),
        (parse.integer, "-1"),
        (parse.integer, "٣"),
        (parse.path, "  "),
        (parse.path, "a\0b"),
        (parse.workers, "0"),
        (parse.workers, "many"),
        (parse.workers, "257"),
        (parse.log_level, "loud"),
        (parse.name, "a b"),
        (parse.name, "x" * 65),
    ],
)
def test_refused(parser: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parser(text)


def test_the_rest() -> None:
    assert parse.text(" as it is ") == " as it is "
    assert parse.integer(" 12 ") == 12
    assert parse.path("x y") == "x y"
    assert parse.workers("auto") == 0
    assert parse.workers("4") == 4
    assert parse.log_level("INFO") == "info"
    assert parse.name("gw-1.eu_west") == "gw-1.eu_west"
    assert parse.name("") == ""


def test_networks() -> None:
    assert parse.networks("10.0.0.0/8, ::1 192.168.1.7") == ("10.0.0.0/8", "::1/128", "192.168.1.7/32")
    assert parse.networks(" ") == ()
    for text in ("10.0.0.0/33", "10.0.0.1/8", "proxy.internal"):
        with pytest.raises(ValueError, match=r"expected networks such as 10\.0\.0\.0/8"):
            parse.networks(text)


def test_tls_modes() -> None:
    assert parse.tls_mode(" Require ") == "require"
    assert parse.upstream_tls_mode("verify-full") == "verify-full"
    with pytest.raises(ValueError, match="expected prefer or require"):
        parse.tls_mode("off")
    with pytest.raises(ValueError, match="expected off, prefer, require, verify-ca or verify-full"):
        parse.upstream_tls_mode("disabled")
