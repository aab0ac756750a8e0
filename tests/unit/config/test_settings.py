"""Where a setting comes from, and that every error is told at once with its place."""

from __future__ import annotations

import pytest

from dbgate.config.parse import Address
from dbgate.config.settings import load
from dbgate.errors import ConfigError
from tests.rows import rows


def problems(**arguments: object) -> str:
    values: dict[str, object] = {"flags": {}, "environ": {}, "text": "", **arguments}
    with pytest.raises(ConfigError) as caught:
        load(**values)  # type: ignore[arg-type]
    return str(caught.value)


def test_defaults() -> None:
    settings = load({}, {})
    assert settings.listen == Address("127.0.0.1", 13306)
    assert settings.upstream == Address("127.0.0.1", 3306)
    assert settings.handshake_timeout == 10.0
    assert settings.max_statement == 1 << 20
    assert settings.workers == 0
    assert settings.warnings == ()


def test_precedence() -> None:
    text = "listen: 127.0.0.1:1\nworkers: 3\nlog_level: debug\n"
    settings = load({"listen": ":3"}, {"DBGATE_LISTEN": ":2", "DBGATE_WORKERS": "2"}, text)
    assert settings.listen == Address("127.0.0.1", 3)
    assert settings.workers == 2
    assert settings.log_level == "debug"


def test_an_empty_variable_is_not_set() -> None:
    assert load({}, {"DBGATE_WORKERS": ""}, "workers: 3").workers == 3


def test_off_and_sizes() -> None:
    settings = load({"admin_listen": "off", "audit_log": "off", "max_packet": "1MiB"}, {})
    assert settings.admin_listen is None
    assert settings.audit_log == ""
    assert settings.max_packet == 1 << 20


def test_every_problem_is_told_with_its_place() -> None:
    text = "workers: many\nlistn: x\nidle_timeout: 30\n"
    found = problems(flags={"max_packet": "1k"}, environ={"DBGATE_LISTEN": "nowhere"}, text=text).splitlines()
    assert "dbgate.yaml:2:1: listn: no such setting; did you mean listen?" in found
    assert "dbgate.yaml:1:10: workers: expected a whole number from 1 to 256, or auto; found 'many'" in found
    assert any(line.startswith("dbgate.yaml:3:15: idle_timeout: expected a duration") for line in found)
    assert any(line.startswith("environment DBGATE_LISTEN: expected host:port") for line in found)
    assert "--max-packet: expected a value from 65536 to 1073741824; found '1k'" in found
    assert "docs/configuration.md" in found[-1]
    assert len(found) == 6


@rows(
    ("text", "place"),
    [
        ("- a\n- b\n", "dbgate.yaml:1:1: expected one `setting: value` a line"),
        ("a: [", "dbgate.yaml:2:1: not YAML"),
        ("\x01", "dbgate.yaml: not YAML"),
        ("listen: [a, b]", "dbgate.yaml:1:9: listen: expected one value, not a list"),
        ("workers: 1\nworkers: 2\n", "dbgate.yaml:2:1: workers: given twice"),
        ("dashboard_x: x", "dbgate.yaml:1:1: dashboard_x: not supported yet"),
        ("[1, 2]: x", "dbgate.yaml:1:1: : no such setting"),
        ("qqq: 1", "dbgate.yaml:1:1: qqq: no such setting\n"),
    ],
)
def test_bad_files(text: str, place: str) -> None:
    assert place in problems(text=text)


def test_the_account_of_the_catalog() -> None:
    settings = load({"catalog_user": "seer", "catalog_refresh": "5m"}, {"DBGATE_CATALOG_PASSWORD": " p w "})
    assert (settings.catalog_user, settings.catalog_password, settings.catalog_refresh) == (
        "seer",
        " p w ",
        300.0,
    )
    assert "keep one of them" in problems(
        flags={"catalog_user": "u", "catalog_password": "p", "catalog_password_file": "f"}
    )
    for name in ("catalog_password", "catalog_password_file"):
        found = problems(flags={name: "hush"})
        assert "without catalog_user" in found
        assert "hush" not in found


def test_an_empty_file_is_fine() -> None:
    assert load({}, {}, "# nothing\n").workers == 0


def test_settings_of_later_releases_are_refused_not_ignored() -> None:
    for name in ("DBGATE_DASHBOARD_LISTEN",):
        assert f"environment {name}: not supported yet" in problems(environ={name: "x"})


def test_unknown_variables() -> None:
    """Kubernetes sets DBGATE_PORT and the like for a service named dbgate: no error; a likely slip is told."""
    settings = load(
        {}, {"DBGATE_PORT": "tcp://10.0.0.1:13306", "DBGATE_CORPUS": "/x", "DBGATE_UPSTREM": "db:1", "X": "1"}
    )
    assert settings.warnings == (
        "environment DBGATE_UPSTREM: no such setting; did you mean DBGATE_UPSTREAM?",
    )


def test_fractions_in_bounds_are_shown() -> None:
    assert "from 0.1 to 600" in problems(flags={"handshake_timeout": "1h"})


@rows(
    ("text", "told"),
    [
        ("tls_key: k", "tls_key: does nothing without tls_cert; found 'k'"),
        ("tls_client_ca: c", "tls_client_ca: does nothing without tls_cert"),
        ("tls_mode: require", "tls_mode: does nothing without tls_cert"),
        ("upstream_tls_mode: require\nupstream_tls_ca: c", "upstream_tls_ca: does nothing without upstream_tls_mode verify"),
        ("upstream_tls_cert: c", "upstream_tls_cert: does nothing without another upstream_tls_mode than off"),
        ("upstream_tls_mode: prefer\nupstream_tls_key: c", "upstream_tls_key: does nothing without upstream_tls_cert"),
        ("upstream_tls_mode: disabled", "expected off, prefer, require, verify-ca or verify-full"),
        ("tls_mode: off", "expected prefer or require"),
        ("trusted_proxies: 10.0.0.1/8", "expected networks such as 10.0.0.0/8"),
    ],
)  # fmt: skip
def test_tls_that_would_do_nothing(text: str, told: str) -> None:
    assert told in problems(text=text)


def test_tls_and_proxies() -> None:
    settings = load(
        {},
        {"DBGATE_TRUSTED_PROXIES": "10.0.0.0/8, ::1 192.168.1.4"},
        "tls_cert: c\ntls_mode: REQUIRE\nupstream_tls_mode: verify-ca\nupstream_tls_ca: a\n",
    )
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1/128", "192.168.1.4/32")
    assert (settings.tls_cert, settings.tls_key, settings.tls_mode) == ("c", "", "require")
    assert (settings.upstream_tls_mode, settings.upstream_tls_ca) == ("verify-ca", "a")


def test_bytes_that_are_no_text() -> None:
    """As os.environ and sys.argv have them (PEP 383)."""
    found = problems(
        flags={"policy": "/etc/\udcff.yaml"}, environ={"DBGATE_CATALOG_PASSWORD": "secret\udcff"}
    )
    assert "--policy: expected text in UTF-8\n" in found
    assert "environment DBGATE_CATALOG_PASSWORD: expected text in UTF-8\n" in found
    assert "secret" not in found
