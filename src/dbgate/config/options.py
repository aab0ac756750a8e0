"""The table of settings: one row each, with its default, its bounds and one line that says what it is.

The name gives all spellings: `max_packet` is `--max-packet`, DBGATE_MAX_PACKET, and `max_packet:` in dbgate.yaml.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dbgate.config import parse

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Option:
    """name: as in dbgate.yaml; default: as a user would write it; parse: text to value, ValueError if wrong;
    low, high: inclusive bounds of a number (bytes, seconds or a count), 0 = none; help: one line."""

    name: str
    default: str
    parse: Callable[[str], object]
    help: str
    low: float = 0
    high: float = 0

    @property
    def flag(self) -> str:
        """On the command line: `--max-packet`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """In the environment: `DBGATE_MAX_PACKET`."""
        return "DBGATE_" + self.name.upper()


OPTIONS: Final = (
    Option("listen", "127.0.0.1:13306", parse.address, "where clients connect"),
    Option("upstream", "127.0.0.1:3306", parse.upstream, "the MySQL or MariaDB server"),
    Option(
        "tls_cert",
        "",
        parse.path_or_default,
        "the gateway's certificate (PEM, chain); none: no TLS for clients",
    ),
    Option("tls_key", "", parse.path_or_default, "its key (PEM); empty: in the same file"),
    Option(
        "tls_client_ca",
        "",
        parse.path_or_default,
        "CAs of client certificates (PEM); empty: none are asked for",
    ),
    Option("tls_mode", "prefer", parse.tls_mode, "prefer: clients may use TLS; require: they must"),
    Option(
        "upstream_tls_mode",
        "off",
        parse.upstream_tls_mode,
        "TLS to the server: off, prefer, require, verify-ca or verify-full",
    ),
    Option("upstream_tls_ca", "", parse.path_or_default, "CAs of the server (PEM); empty: the system's"),
    Option(
        "upstream_tls_cert",
        "",
        parse.path_or_default,
        "the gateway's certificate for the server (PEM, chain)",
    ),
    Option("upstream_tls_key", "", parse.path_or_default, "its key (PEM); empty: in the same file"),
    Option("trusted_proxies", "", parse.networks, "networks whose connections begin with a PROXY header"),
    Option("policy", "config/policy.yaml", parse.path, "the policy file"),
    Option("policy_watch", "on", parse.switch, "reload the policy when its file changes: on or off"),
    Option("policy_versions", "100", parse.integer, "versions of the policy that are kept", 1, 10_000),
    Option(
        "policy_versions_folder",
        "",
        parse.path_or_default,
        "where they are kept; beside the policy file when empty",
    ),
    Option(
        "control_socket",
        "/run/dbgate/dbgate.sock",
        parse.path_or_off,
        "the control API's Unix socket, or off",
    ),
    Option("control_listen", "off", parse.address_or_off, "where the control API answers over HTTPS, or off"),
    Option("control_tls_cert", "", parse.path_or_default, "its certificate (PEM, chain)"),
    Option("control_tls_key", "", parse.path_or_default, "its key (PEM); empty: in the same file"),
    Option("control_tokens", "", parse.path_or_default, "the file of the tokens that open it"),
    Option(
        "admin_listen",
        "127.0.0.1:8080",
        parse.address_or_off,
        "where /healthz, /readyz, /health and /metrics answer, or off",
    ),
    Option("audit_log", "/var/log/dbgate/audit.jsonl", parse.path_or_off, "the audit log, or off"),
    Option(
        "audit_max_size", "256MiB", parse.size, "size at which the audit log is rotated", 64 * KIB, 1024 * GIB
    ),
    Option("audit_max_files", "8", parse.integer, "rotated audit logs that are kept", 1, 10_000),
    Option(
        "audit_queue",
        "65536",
        parse.integer,
        "audit records that may wait to be written, a worker",
        16,
        10_000_000,
    ),
    Option(
        "audit_sync", "off", parse.duration_or_off, "how often the audit log is synced to the disk, or off"
    ),
    Option(
        "webhook_key_file", "off", parse.path_or_off, "the key that signs alerts to alerts.webhook, or off"
    ),
    Option("workers", "auto", parse.workers, "worker processes, or auto"),
    Option("instance", "", parse.name, "this gateway's name in audit records; the host's name when empty"),
    Option("log_level", "info", parse.log_level, "debug, info, warning or error"),
    Option(
        "max_connections", "4000", parse.integer, "client sessions at once, over all workers", 1, 1_000_000
    ),
    Option(
        "max_connections_per_source",
        "0",
        parse.integer,
        "connections of one client address at once; 0: no limit",
        0,
        1_000_000,
    ),
    Option(
        "max_connections_per_user",
        "0",
        parse.integer,
        "sessions of one user at once; 0: no limit",
        0,
        1_000_000,
    ),
    Option(
        "login_failures",
        "0",
        parse.integer,
        "failed logins of one client address after which it is turned away; 0: no limit",
        0,
        1_000_000,
    ),
    Option("login_failure_window", "60s", parse.duration, "time in which they count", 1, 86_400),
    Option("login_failure_pause", "60s", parse.duration, "time for which it is turned away", 1, 86_400),
    Option("connect_timeout", "5s", parse.duration, "time to connect to the server", 0.01, 600),
    Option("handshake_timeout", "10s", parse.duration, "time from accept to the end of the login", 0.1, 600),
    Option(
        "idle_timeout",
        "8h",
        parse.duration,
        "time without a command after which a session ends",
        1,
        31_622_400,
    ),
    Option(
        "stall_timeout",
        "60s",
        parse.duration,
        "time that a client may stop in a command, or leave its reply",
        1,
        86_400,
    ),
    Option("drain_timeout", "30s", parse.duration, "time that open sessions get after SIGTERM", 0.1, 86_400),
    Option("max_packet", "64MiB", parse.size, "largest command of a client", 64 * KIB, GIB),
    Option("max_statement", "1MiB", parse.size, "largest SQL text that is analysed", KIB, 64 * MIB),
    Option("max_queue", "1MiB", parse.size, "bytes of pipelined commands that may wait, a session", KIB, GIB),
    Option("max_prepared", "16382", parse.integer, "open prepared statements, a session", 1, 1_000_000),
    Option(
        "catalog_user", "", parse.text, "the account that reads views, routines and triggers; none when empty"
    ),
    Option("catalog_password", "", parse.text, "its password"),
    Option("catalog_password_file", "", parse.text, "a file that holds its password, read at each look"),
    Option("catalog_refresh", "60s", parse.duration, "time after which they are read again", 1, 86_400),
    Option("cache_size", "64MiB", parse.size, "memory for remembered verdicts, a worker", 64 * KIB, 64 * GIB),
)

# Settings that belong to later releases. Who sets one expects it to work, so it is refused, never ignored.
NOT_YET: Final = ("dashboard_listen",)
NOT_YET_PREFIXES: Final = ("dashboard_",)


def not_yet(name: str) -> bool:
    """Whether `name` is a setting of a later release."""
    return name in NOT_YET or name.startswith(NOT_YET_PREFIXES)
