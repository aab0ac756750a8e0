"""The control API over HTTPS: a real gateway, real certificates, tokens of either role; dbgate-cli and the dashboard's fleet."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbgate.control.client import Access, ControlClient, Refused, Unreachable, remote
from dbgate.control.endpoints import ENDPOINTS
from dbgate.control.tokens import OPERATOR, VIEWER, make
from dbgate.dashboard.fleet import places
from tests.servers.gateway import Gateway, eventually
from tests.servers.mariadb import MariaDB
from tests.servers.ports import free_port
from tests.servers.tls import Certificates

CLI = Path(sys.executable).parent / "dbgate-cli"
ACTS = ("sessions.kill", "policy.reload", "policy.rollback")


class Far:
    """A gateway with an HTTPS endpoint, and what opens it."""

    def __init__(self, server: MariaDB) -> None:
        self.certificates = Certificates()
        self.folder = self.certificates.folder
        self.certificate = self.certificates.issue("gw.pem", "localhost", "127.0.0.1")
        self.tokens = self.folder / "tokens"
        lines = []
        for name, role in (("looks", VIEWER), ("acts", OPERATOR)):
            token, line = make(name, role)
            (self.folder / name).write_text(token + "\n")
            lines.append(line + "\n")
        self.tokens.write_text("".join(lines))
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.gateway = Gateway(
            server,
            control_listen=f"127.0.0.1:{self.port}",
            control_tls_cert=self.certificate,
            control_tokens=self.tokens,
        )

    def access(self, name: str, ca: Path | None = None) -> Access:
        return Access(str(self.folder / name), str(ca or self.certificates.ca))

    def client(self, name: str, ca: Path | None = None, url: str = "") -> ControlClient:
        return ControlClient(url or self.url, 30.0, "", self.access(name, ca))


@pytest.fixture(scope="module")
def far(mariadb: MariaDB) -> Iterator[Far]:
    made = Far(mariadb)
    try:
        with made.gateway:
            yield made
    finally:
        made.certificates.remove()


def answer(client: ControlClient, method: str, path: str) -> int:
    """The status of an answer."""
    path = (
        path.replace("{session_id}", "nobody-1").replace("{number}", "1").replace("diff", "diff?from=1&to=1")
    )
    status, _ = client._call(method, path, {"version": 9, "sql": "SELECT 1"} if method == "POST" else None)
    return status


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.verb)
def test_who_may(far: Far, endpoint: object) -> None:
    from dbgate.control.endpoints import Endpoint

    assert isinstance(endpoint, Endpoint)
    (far.folder / "unknown").write_text(make("unknown", OPERATOR)[0])
    acts = answer(far.client("acts"), endpoint.method, endpoint.path)
    assert acts in (200, 400, 404), acts
    assert answer(far.client("looks"), endpoint.method, endpoint.path) == (
        403 if endpoint.verb in ACTS else acts
    )
    assert answer(far.client("unknown"), endpoint.method, endpoint.path) == 401


def test_what_is_done_is_written_down(far: Far) -> None:
    client = far.client("acts")
    client.behalf = "ada"
    connection = far.gateway.connect()
    port = connection._sock.getsockname()[1]  # type: ignore[attr-defined]
    session = next(one["session_id"] for one in client.sessions() if one["client_port"] == port)
    assert client.kill(session)["killed"]
    connection.close()
    record = far.gateway.wait_records(1, event="session.kill", session_id=session)[0]
    assert record["reason"] == "ended by ada via token acts"
    with pytest.raises(Refused, match="token looks may not use POST"):
        far.client("looks").kill(session)


def test_only_who_is_trusted_is_talked_to(far: Far) -> None:
    with pytest.raises(Unreachable, match="is not trusted") as caught:
        far.client("acts", far.certificates.stranger).stats()
    assert "DBGATE_CONTROL_CA" in caught.value.hint
    alias = f"https://localhost.localdomain:{far.port}"
    with pytest.raises(Unreachable):
        far.client("acts", url=alias).stats()
    with pytest.raises(Unreachable, match="no gateway answers"):
        far.client("acts", url=f"https://127.0.0.1:{free_port()}").stats()
    assert far.client("looks", url=f"https://127.0.0.1:{far.port}").stats()["captured_at_ms"]
    for url in ("https://", "https://x:y", "https://h/path", "https://u@h", "https://h?x=1"):
        with pytest.raises(Unreachable, match="no address"):
            far.client("acts", url=url).stats()
    with pytest.raises(Unreachable, match="authority's certificate"):
        far.client("acts", far.folder / "nothing").stats()


def test_a_token_is_needed(far: Far) -> None:
    with pytest.raises(Unreachable, match="asks for a token"):
        ControlClient(far.url, 5.0).stats()
    with pytest.raises(Unreachable, match="cannot be read"):
        far.client("nobody").stats()
    (far.folder / "bad").write_text("two words\n")
    with pytest.raises(Unreachable, match="is no token"):
        far.client("bad").stats()
    raw = ssl.create_default_context(cafile=str(far.certificates.ca))
    with socket.create_connection(("localhost", far.port), 5) as plain:
        with raw.wrap_socket(plain, server_hostname="localhost") as sock:
            sock.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(65536).startswith(b"HTTP/1.1 401 ")
    with socket.create_connection(("localhost", far.port), 5) as plain:
        plain.sendall(b"GET /v1/health HTTP/1.1\r\n\r\n")
        assert b"HTTP" not in plain.recv(100)
    eventually(lambda: "showed no token" in far.gateway.log_text())


def test_a_token_that_is_taken_away_opens_nothing(far: Far) -> None:
    before = far.tokens.read_text()
    assert far.client("looks").health()["status"] == "ok"
    far.tokens.write_text("".join(line for line in before.splitlines(True) if not line.startswith("looks")))
    with pytest.raises(Refused, match="no token"):
        far.client("looks").health()
    far.tokens.write_text("nonsense\n")
    with pytest.raises(Refused, match="file of tokens"):
        far.client("acts").health()
    far.tokens.write_text(before)
    assert far.client("looks").health()["status"] == "ok"


def test_the_certificate_is_renewed(far: Far) -> None:
    def shown() -> str:
        context = ssl.create_default_context(cafile=str(far.certificates.ca))
        with socket.create_connection(("localhost", far.port), 5) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as sock:
                found = sock.getpeercert()
                assert found is not None
                return str(found["serialNumber"])

    before = shown()
    far.certificate.write_text("nonsense")
    far.gateway.signal(signal.SIGHUP)
    eventually(lambda: "certificate was not renewed" in far.gateway.log_text())
    assert shown() == before
    far.certificates.issue("gw.pem", "localhost", "127.0.0.1")
    far.gateway.signal(signal.SIGHUP)
    eventually(lambda: shown() != before)


def test_the_command_line_and_the_dashboard(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBGATE_CONTROL_TOKEN_FILE", str(far.folder / "looks"))
    monkeypatch.setenv("DBGATE_CONTROL_CA", str(far.certificates.ca))

    def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CLI, *arguments, "--socket", far.url],
            capture_output=True,
            text=True,
            timeout=60,
            env=dict(os.environ),
        )

    assert '"total_queries"' in cli("stats", "-o", "json").stdout
    refused = cli("policy", "reload")
    assert refused.returncode == 1 and "token looks may not use" in refused.stderr
    explained = cli("policy", "explain", "--user", "app", "TRUNCATE test.t")
    assert explained.returncode == 1 and "BLOCKED by rule blocked-operation" in explained.stdout
    with far.gateway.connect() as connection:
        port = connection._sock.getsockname()[1]  # type: ignore[attr-defined]
    far.gateway.wait_records(1, event="connection.close", client_port=port)
    records = cli("audit", "query", "--event", "connection", "--user", "app", "-o", "json")
    assert records.returncode == 0 and '"connection.close"' in records.stdout.splitlines()[-1]
    assert remote(far.url) and not remote(str(far.gateway.control))
    (instance,) = places([f"far={far.url}"])
    look = instance.ask()
    instance.last = look
    assert look.health["status"] == "ok"
    assert instance.audit_log == ""  # it is on another machine


def test_settings_that_belong_together(far: Far, tmp_path: Path) -> None:
    def check(**settings: object) -> str:
        text = "".join(f"{name}: {value}\n" for name, value in settings.items())
        path = tmp_path / "dbgate.yaml"
        path.write_text(text + f"policy: {far.gateway.policy}\ncontrol_socket: off\naudit_log: off\n")
        command = [str(CLI.parent / "dbgate"), "check", "--config", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    assert "control_listen: does nothing without control_tls_cert and control_tokens" in check(
        control_listen="127.0.0.1:1"
    )
    assert "does nothing without control_listen" in check(control_tokens="x")
