"""The settings of one gateway: flag over environment (DBGATE_…) over dbgate.yaml over default.

Reading files and the environment is the caller's work; here texts become values, and every error is told at once,
with its place, what was expected and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from dbgate.config.options import OPTIONS, Option, not_yet
from dbgate.config.parse import Address
from dbgate.errors import ConfigError

_BY_NAME: Final = {option.name: option for option in OPTIONS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Values as options.py describes them. Times are seconds, sizes are bytes; workers 0 = auto; audit_sync 0 = off;
    control_socket, audit_log "" = off; admin_listen, control_listen None = off. explicit: the names that were set
    somewhere; warnings: findings that stop nothing but should be logged."""

    listen: Address
    upstream: Address
    tls_cert: str
    tls_key: str
    tls_client_ca: str
    tls_mode: str
    upstream_tls_mode: str
    upstream_tls_ca: str
    upstream_tls_cert: str
    upstream_tls_key: str
    trusted_proxies: tuple[str, ...]
    policy: str
    policy_watch: bool
    policy_versions: int
    policy_versions_folder: str
    control_socket: str
    control_listen: Address | None
    control_tls_cert: str
    control_tls_key: str
    control_tokens: str
    admin_listen: Address | None
    audit_log: str
    audit_max_size: int
    audit_max_files: int
    audit_queue: int
    workers: int
    instance: str
    log_level: str
    max_connections: int
    max_connections_per_source: int
    max_connections_per_user: int
    login_failures: int
    login_failure_window: float
    login_failure_pause: float
    connect_timeout: float
    handshake_timeout: float
    idle_timeout: float
    stall_timeout: float
    drain_timeout: float
    max_packet: int
    max_statement: int
    max_queue: int
    max_prepared: int
    catalog_user: str
    catalog_password: str
    catalog_password_file: str
    catalog_refresh: float
    cache_size: int
    webhook_key_file: str = ""
    audit_sync: float = 0.0
    explicit: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def load(
    flags: Mapping[str, str], environ: Mapping[str, str], text: str = "", filename: str = "dbgate.yaml"
) -> Settings:
    """flags: option names (underscores) that were given on the command line; environ: the process's environment;
    text, filename: the content and the name of dbgate.yaml. ConfigError lists every finding, one a line."""
    problems: list[str] = []
    warnings: list[str] = []
    found: dict[str, tuple[str, str]] = {}
    _from_file(text, filename, found, problems)
    _from_environment(environ, found, problems, warnings)
    for name, value in flags.items():
        found[name] = (value, "--" + name.replace("_", "-"))
    values: dict[str, Any] = {}
    for option in OPTIONS:
        value, where = found.get(option.name, (option.default, "default"))
        if not _utf8(value):  # the workers could not be told; it is not shown, as it may be a password
            problems.append(f"{where}: expected text in UTF-8")
            continue
        try:
            values[option.name] = _value(option, value)
        except ValueError as error:
            problems.append(f"{where}: {error}; found {value!r}")
    if not problems:
        _whole(values, found, problems)
    if values.get("catalog_password") and values.get("catalog_password_file"):
        problems.append("catalog_password and catalog_password_file are both set; keep one of them")
    if not values.get("catalog_user") and (
        values.get("catalog_password") or values.get("catalog_password_file")
    ):
        problems.append("catalog_password without catalog_user: nothing would be read; set both or none")
    if problems:
        raise ConfigError("\n".join(problems) + "\nEvery setting is described in docs/configuration.md.")
    return Settings(**values, explicit=tuple(sorted(found)), warnings=tuple(warnings))


def _whole(values: dict[str, Any], found: dict[str, tuple[str, str]], problems: list[str]) -> None:
    """Settings of TLS that would do nothing for want of another: nobody should rely on them."""
    mode = values["upstream_tls_mode"]
    needs = (
        ("tls_key", values["tls_key"], values["tls_cert"], "tls_cert"),
        ("tls_client_ca", values["tls_client_ca"], values["tls_cert"], "tls_cert"),
        ("tls_mode", values["tls_mode"] == "require", values["tls_cert"], "tls_cert"),
        (
            "upstream_tls_ca",
            values["upstream_tls_ca"],
            mode.startswith("verify"),
            "upstream_tls_mode verify-ca or verify-full",
        ),
        (
            "upstream_tls_cert",
            values["upstream_tls_cert"],
            mode != "off",
            "another upstream_tls_mode than off",
        ),
        ("upstream_tls_key", values["upstream_tls_key"], values["upstream_tls_cert"], "upstream_tls_cert"),
        ("control_tls_cert", values["control_tls_cert"], values["control_listen"], "control_listen"),
        ("control_tls_key", values["control_tls_key"], values["control_tls_cert"], "control_tls_cert"),
        ("control_tokens", values["control_tokens"], values["control_listen"], "control_listen"),
        (
            "control_listen",
            values["control_listen"],
            values["control_tls_cert"] and values["control_tokens"],
            "control_tls_cert and control_tokens",
        ),
    )
    for name, given, there, wanted in needs:
        if given and not there:
            problems.append(f"{found[name][1]}: does nothing without {wanted}; found {found[name][0]!r}")


def _value(option: Option, text: str) -> object:
    value = option.parse(text)
    if isinstance(value, int | float) and option.high and not option.low <= value <= option.high:
        raise ValueError(f"expected a value from {_number(option.low)} to {_number(option.high)}")
    return value


def _utf8(text: str) -> bool:
    """Whether it is text: bytes of the command line or the environment that are none come as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(value: float) -> str:
    return f"{value:g}" if value != int(value) else str(int(value))


def _from_environment(
    environ: Mapping[str, str], found: dict[str, tuple[str, str]], problems: list[str], warnings: list[str]
) -> None:
    for variable in sorted(environ):
        if not variable.startswith("DBGATE_"):
            continue
        name = variable.removeprefix("DBGATE_").lower()
        where = f"environment {variable}"
        if name in _BY_NAME:
            if environ[variable]:  # set but empty is how compose files say "not set"
                found[name] = (environ[variable], where)
        elif not_yet(name) and environ[variable]:
            problems.append(f"{where}: not supported yet; unset it")
        elif near := difflib.get_close_matches(name, _BY_NAME, 1, 0.85):
            # No error: Kubernetes and Docker put variables of their own beside ours (DBGATE_PORT, DBGATE_SERVICE_HOST).
            warnings.append(f"{where}: no such setting; did you mean DBGATE_{near[0].upper()}?")


def _from_file(text: str, filename: str, found: dict[str, tuple[str, str]], problems: list[str]) -> None:
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{filename}:{mark.line + 1}:{mark.column + 1}" if mark else filename
        problems.append(f"{where}: not YAML: {error.problem or error.context}")
        return
    except yaml.YAMLError as error:  # a byte that no YAML file may have
        problems.append(f"{filename}: not YAML: {error}")
        return
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        problems.append(f"{_place(filename, root)}: expected one `setting: value` a line")
        return
    for key, value in root.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        where = f"{_place(filename, key)}: {name}"
        if not_yet(name):
            problems.append(f"{where}: not supported yet; remove it")
        elif name not in _BY_NAME:
            near = difflib.get_close_matches(name, _BY_NAME, 1, 0.6)
            problems.append(f"{where}: no such setting" + (f"; did you mean {near[0]}?" if near else ""))
        elif name in found:
            problems.append(f"{where}: given twice; keep one of them")
        elif not isinstance(value, yaml.ScalarNode):
            problems.append(f"{_place(filename, value)}: {name}: expected one value, not a list or a mapping")
        else:
            found[name] = (value.value, f"{_place(filename, value)}: {name}")


def _place(filename: str, node: yaml.Node) -> str:
    return f"{filename}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
