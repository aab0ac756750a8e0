"""The image, compose.yaml and haproxy.cfg: they can be read, fit each other, and name what there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from dbgate.config.options import OPTIONS
from dbgate.config.settings import load
from dbgate.policy.load import parse_policy

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "deploy"
INSTANCES = ("dbgate1", "dbgate2", "dbgate3")
VARIABLES = {option.variable for option in OPTIONS}
GRACE = 10.0  # what workers get beyond drain_timeout (workers.supervisor.GRACE_SECONDS)
# https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json, those that are of use here
SERVICE_KEYS = {
    "build",
    "cap_drop",
    "command",
    "depends_on",
    "entrypoint",
    "environment",
    "healthcheck",
    "image",
    "networks",
    "ports",
    "read_only",
    "restart",
    "security_opt",
    "stop_grace_period",
    "tmpfs",
    "user",
    "volumes",
}
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period", "disable"}


def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+)s", text)
    assert match, text
    return float(match[1])


def default(text: str) -> str:
    """A value with its ${NAME:-default} filled in."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_compose_has_only_known_keys() -> None:
    loaded = compose()
    assert {key for key in loaded if not key.startswith("x-")} == {"name", "services", "networks", "volumes"}
    assert set(loaded["services"]) == {*INSTANCES, "haproxy", "mysql", "dashboard", "dashboard-user"}
    for name, service in loaded["services"].items():
        assert set(service) <= SERVICE_KEYS, name
        assert set(service["healthcheck"]) <= HEALTH_KEYS, name
        for other, how in (
            service["depends_on"].items() if isinstance(service.get("depends_on"), dict) else ()
        ):
            assert other in loaded["services"]
            assert how["condition"] in {
                "service_started",
                "service_healthy",
                "service_completed_successfully",
            }
        for volume in service.get("volumes", ()):
            source = default(volume).split(":")[0]
            found = (DEPLOY / source).exists() if source.startswith(".") else source in loaded["volumes"]
            assert found, volume


@pytest.mark.parametrize("name", INSTANCES)
def test_each_gateway_has_good_settings(name: str) -> None:
    service = compose()["services"][name]
    environment = {key: default(value) for key, value in service["environment"].items()}
    assert set(environment) <= VARIABLES
    settings = load({}, environment)
    assert settings.warnings == ()
    assert settings.instance == name
    assert seconds(service["stop_grace_period"]) >= settings.drain_timeout + GRACE
    assert settings.policy == "/config/policy.yaml"
    targets = [default(volume).split(":")[1] for volume in service["volumes"]]
    assert "/config" in targets
    for path in (settings.audit_log, settings.control_socket, settings.policy_versions_folder):
        assert os.path.dirname(path) in targets, path  # the root is read-only
    assert service["user"] == "10001:10001" and service["read_only"] and service["cap_drop"] == ["ALL"]
    assert f"127.0.0.1:{settings.admin_listen.port}/healthz" in service["healthcheck"]["test"][-1]
    proxy = compose()["services"]["haproxy"]["networks"]["gate"]["ipv4_address"]
    assert settings.trusted_proxies == (f"{proxy}/32",)
    (network,) = compose()["networks"]["gate"]["ipam"]["config"]
    assert ip_address(proxy) in ip_network(network["subnet"])
    # nobody else is ever given the address that is trusted
    assert ip_address(proxy) not in ip_network(network["ip_range"])
    mysql = compose()["services"]["mysql"]
    assert settings.upstream.host == "mysql" and mysql["image"].startswith("docker.io/library/mysql:8")


def test_the_gateways_share_a_policy_and_nothing_else() -> None:
    services = compose()["services"]
    mounts = [{default(volume).split(":")[0] for volume in services[name]["volumes"]} for name in INSTANCES]
    assert mounts[0] & mounts[1] == mounts[1] & mounts[2] == {"./policy"}
    parse_policy((DEPLOY / "policy" / "policy.yaml").read_text())  # PolicyError where it is bad


def test_no_secret_is_in_a_file() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    secret = re.findall(r"^\s*\{?(\w*PASSWORD\w*): (\S.*)$", text, re.M)
    assert len(secret) >= 3
    assert [name for name, value in secret if not value.startswith(("${", '"${'))] == []
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(
        re.findall(r"^(\w+)=$", (DEPLOY / "example.env").read_text(), re.M)
    )
    ignored = (PROJECT / ".gitignore").read_text().splitlines()
    assert "deploy/.env" in ignored


def test_the_dashboard_sees_every_gateway() -> None:
    service = compose()["services"]["dashboard"]
    targets = {volume.split(":")[1]: volume.split(":")[0] for volume in service["volumes"]}
    for number in (1, 2, 3):
        assert f"--socket=dbgate{number}=/run/dbgate{number}/dbgate.sock" in service["command"]
        assert targets[f"/run/dbgate{number}"] == f"control{number}"
        assert targets[f"/var/log/dbgate{number}"] == f"audit{number}"


def haproxy_environment() -> dict[str, str]:
    return {key: str(value) for key, value in compose()["services"]["haproxy"]["environment"].items()}


def test_haproxy_knows_the_instances() -> None:
    text = (DEPLOY / "haproxy.cfg").read_text()
    environment = haproxy_environment()
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(environment)
    for number, name in enumerate(INSTANCES, 1):
        settings = load(
            {}, {key: default(v) for key, v in compose()["services"][name]["environment"].items()}
        )
        assert environment[f"DBGATE_{number}"] == f"{name}:{settings.listen.port}"
        assert environment[f"DBGATE_{number}_ADMIN_PORT"] == str(settings.admin_listen.port)
        assert re.search(rf'server {name} "\$\{{DBGATE_{number}}}" check port', text)
    assert "send-proxy-v2" in text and "option httpchk GET /readyz" in text
    assert "on-marked-down shutdown" not in text  # a draining instance keeps its sessions
    idle = re.search(r"timeout client (\d+)h", text)
    assert idle and int(idle[1]) * 3600 > load({}, {}).idle_timeout


def test_haproxy_takes_its_configuration() -> None:
    binary = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if binary is None:
        pytest.skip("HAProxy is not installed (apt-get install haproxy)")
    done = subprocess.run(
        [binary, "-c", "-f", str(DEPLOY / "haproxy.cfg")],
        env={
            **os.environ,
            **{key: value.replace("dbgate", "127.0.0.") for key, value in haproxy_environment().items()},
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


def test_the_image_has_what_compose_needs() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    stages = text.split("\nFROM ")
    assert len(stages) == 3
    final = stages[-1]
    assert "USER 10001:10001" in final and "HEALTHCHECK" in final and "/healthz" in final
    runs = re.findall(r"^RUN (.*)", final, re.M)
    assert runs and all(run.startswith("[") for run in runs)  # no shell
    for form in re.findall(r"^(?:ENTRYPOINT|CMD|    CMD) (.*)", final, re.M):
        assert form.startswith("[")
    assert "DBGATE_COMPILE=1 uv build" in stages[1] and "uv sync --frozen" in stages[1]
    assert set(re.findall(r"\b(DBGATE_[A-Z_]+)=", final)) <= VARIABLES
    kept = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in re.findall(r"^COPY (?!--from)(.*)", text, re.M):
        for source in line.split()[:-1]:
            assert (PROJECT / source).exists() and source in kept, source
    for service in compose()["services"].values():
        for volume in service.get("volumes", ()):
            source, target = default(volume).split(":")[:2]
            if not source.startswith(".") and "nocopy" not in volume and target.startswith("/run/dbgate"):
                assert f"'{target}'" in final  # made for user 10001, so that a new volume is too


def test_compose_itself_agrees() -> None:
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=60).returncode != 0:
        pytest.skip("docker has no compose plugin here")
    passwords = dict.fromkeys(
        ("MYSQL_ROOT_PASSWORD", "APP_PASSWORD", "DASHBOARD_PASSWORD"), "given-by-a-test"
    )
    done = subprocess.run(
        ["docker", "compose", "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet"],
        env={**os.environ, **passwords},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
