"""The systemd unit: known sections and directives, the gateway's own settings, and time enough to drain."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from dbgate.config.options import OPTIONS
from dbgate.config.settings import load
from dbgate.workers.activation import CLIENTS
from dbgate.workers.main import main
from dbgate.workers.notify import READY, STOPPING, WATCHDOG
from tests.servers.gateway import Gateway

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "systemd" / "dbgate.service"
# systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5) of version 252
KNOWN = {
    "Unit": {"Description", "Documentation", "After", "Wants", "StartLimitIntervalSec"},
    "Install": {"WantedBy"},
    "Service": {
        *(
            "Type",
            "NotifyAccess",
            "ExecStartPre",
            "ExecStart",
            "ExecReload",
            "EnvironmentFile",
            "Environment",
        ),
        *("Restart", "RestartSec", "WatchdogSec", "TimeoutStartSec", "TimeoutStopSec", "KillMode"),
        *("User", "Group", "UMask", "RuntimeDirectory", "RuntimeDirectoryMode", "StateDirectory"),
        *("StateDirectoryMode", "LogsDirectory", "LogsDirectoryMode", "LimitNOFILE", "NoNewPrivileges"),
        *("CapabilityBoundingSet", "AmbientCapabilities", "ProtectSystem", "ProtectHome", "PrivateTmp"),
        *("PrivateDevices", "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs"),
        *(
            "ProtectControlGroups",
            "ProtectClock",
            "ProtectHostname",
            "ProtectProc",
            "RestrictAddressFamilies",
        ),
        *("RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "RemoveIPC"),
        *("SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber"),
    },
}


def unit() -> dict[str, dict[str, list[str]]]:
    """Section, directive, its values in order."""
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            section.setdefault(name, []).append(value)
    return found


def test_sections_and_directives_are_known() -> None:
    found = unit()
    assert set(found) == set(KNOWN)
    for section, directives in found.items():
        assert set(directives) <= KNOWN[section]


def test_it_has_time_to_drain_and_says_what_the_unit_waits_for() -> None:
    service = unit()["Service"]
    assert float(service["TimeoutStopSec"][0]) >= load({}, {}).drain_timeout + 10
    assert service["Type"] == ["notify"] and (READY, STOPPING, WATCHDOG) == (
        "READY=1",
        "STOPPING=1",
        "WATCHDOG=1",
    )
    assert float(service["WatchdogSec"][0]) >= 10  # the supervisor's sign of life comes each second
    assert service["KillMode"] == ["mixed"]  # SIGTERM to the supervisor alone, which drains its workers


def test_its_commands_and_settings_exist() -> None:
    service = unit()["Service"]
    for line in (*service["ExecStart"], *service["ExecStartPre"]):
        words = line.split()
        command = main.commands[words[1]]
        known = {name for parameter in command.params for name in parameter.opts}
        assert words[0] == "/opt/dbgate/bin/dbgate" and {w for w in words if w.startswith("--")} <= known
    settings = dict(line.split("=", 1) for line in service["Environment"])
    assert set(settings) <= {option.variable for option in OPTIONS}
    named = set(re.findall(r"DBGATE_[A-Z_]+", UNIT.read_text()))
    assert named <= {option.variable for option in OPTIONS}
    loaded = load({}, settings)
    assert loaded.control_socket.startswith(f"/run/{service['RuntimeDirectory'][0]}/")
    assert loaded.audit_log.startswith(f"/var/log/{service['LogsDirectory'][0]}/")
    assert loaded.policy_versions_folder.startswith(f"/var/lib/{service['StateDirectory'][0]}/")


def test_systemd_agrees() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed here")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(UNIT)], capture_output=True, text=True, timeout=60
    )
    # the program is not installed where the tests run
    wrong = [
        line for line in done.stderr.splitlines() if "dbgate.service" in line and "not executable" not in line
    ]
    assert wrong == []


class _Nowhere:
    """A server that is away: the gateway starts all the same."""

    host, port, user, password = "127.0.0.1", 1, "", ""


def test_a_gateway_tells_its_manager_what_it_does(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)

        def next_word() -> str:
            """The next one that is no sign of life."""
            while (text := manager.recv(4096).decode()) == WATCHDOG:
                pass
            return text.split("\n")[0]

        with Gateway(_Nowhere(), environment={"NOTIFY_SOCKET": manager.getsockname()}) as gateway:
            assert next_word() == READY
            assert manager.recv(4096).decode() == WATCHDOG
            gateway.signal(signal.SIGHUP)
            assert (next_word(), next_word()) == ("RELOADING=1", READY)
            gateway.signal(signal.SIGTERM)
            assert next_word() == STOPPING
            assert gateway.wait() == 0


def test_the_socket_unit_is_what_the_gateway_understands() -> None:
    lines = (UNIT.parent / "dbgate.socket").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert values["FileDescriptorName"] == CLIENTS
    default = next(option.default for option in OPTIONS if option.name == "listen")
    assert values["ListenStream"] == default
    # systemd.socket(5), systemd.unit(5)
    assert set(values) == {
        "Description",
        "ListenStream",
        "FileDescriptorName",
        "Backlog",
        "NoDelay",
        "WantedBy",
    }
