from __future__ import annotations

import os
import socket
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from dbgate.control import client as client_module
from dbgate.control.client import ControlClient, ControlError, Refused, Unreachable
from tests.shell.cli.strange import Stranger, listening
from tests.unit.control.fake import FakeOperator


def hostile(path: Path, answer: bytes, drip: float = 0.0) -> AbstractContextManager[None]:
    """Something that is no dbgate: says `answer` to whoever connects, a byte each `drip` seconds."""
    return listening(path, Stranger(lambda asked: answer, drip))


def test_every_verb(socket_path: Path, operator: FakeOperator) -> None:
    client = ControlClient(str(socket_path))
    assert client.stats()["total_queries"] == 4
    assert [s["session_id"] for s in client.sessions()] == ["01J-1", "01J-2"]
    assert client.policy()["file"] == "/etc/dbgate/policy.yaml"
    assert client.health()["status"] == "ok"
    assert client.kill("01J-1")["killed"] is True
    assert client.reload()["version"] == "fedcba654321"
    assert client.policy_versions()["live"] == 2
    assert client.policy_version(1)["text"] == "version: 1\n"
    assert client.policy_diff(1, 2)["changes"][0]["what"] == "changed"
    asked = {"sql": "SELECT 1", "user": "app"}
    assert client.policy_explain(asked)["decision"] == "block"
    assert client.policy_rollback(1)["number"] == 3
    assert [act[0] for act in operator.acts] == ["kill", "reload", "rollback"]
    assert f"uid {os.getuid()}" in operator.acts[0][-1]


def test_no_such_session(socket_path: Path) -> None:
    for session_id in ("nope", "a/b", "../stats", "ü?#", "x" * 5000):
        with pytest.raises(Refused) as caught:
            ControlClient(str(socket_path)).kill(session_id)
        assert (caught.value.status, caught.value.code) == (404, "no-such-session")
        assert "sessions" in caught.value.hint


def test_refused_policy_brings_its_problems(socket_path: Path, operator: FakeOperator) -> None:
    operator.problems = ["policy.yaml:3:5: user: expected a name"]
    with pytest.raises(Refused) as caught:
        ControlClient(str(socket_path)).reload()
    assert caught.value.status == 422
    assert caught.value.problems == operator.problems
    assert "policy abcdef123456 stays" in caught.value.message
    assert "validate" in caught.value.hint


def test_no_such_version(socket_path: Path) -> None:
    client = ControlClient(str(socket_path))
    for call in (lambda: client.policy_version(9), lambda: client.policy_rollback(9)):
        with pytest.raises(Refused) as caught:
            call()
        assert (caught.value.status, caught.value.code) == (404, "no-such-version")


def test_an_unwell_gateway_is_an_answer(socket_path: Path, operator: FakeOperator) -> None:
    operator.reasons = ["no policy"]
    assert ControlClient(str(socket_path)).health()["reasons"] == ["no policy"]


def test_a_gateway_that_fails_says_so(socket_path: Path, operator: FakeOperator) -> None:
    operator.fault = RuntimeError("secret detail")
    for call in (ControlClient(str(socket_path)).stats, ControlClient(str(socket_path)).health):
        with pytest.raises(Refused) as caught:
            call()
        assert caught.value.status == 500
        assert "secret" not in str(caught.value)
        assert "log" in caught.value.hint


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as caught:
        ControlClient(str(tmp_path / "none.sock")).stats()
    assert "no such socket" in caught.value.message
    assert "dbgate serve" in caught.value.hint


def test_a_socket_that_nobody_serves(tmp_path: Path) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(Unreachable, match="nobody answers"):
        ControlClient(str(path)).stats()


def test_a_file_and_a_path_too_long(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_text("")
    with pytest.raises(Unreachable, match="it is no socket"):
        ControlClient(str(path)).stats()
    with pytest.raises(Unreachable, match="cannot be used"):
        ControlClient("/tmp/" + "x" * 200).stats()


def test_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "dbgate.sock"

    def refuse(self: object, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(client_module.DeadlineSocket, "connect", refuse)
    path.touch()
    with pytest.raises(Unreachable, match="may not use") as caught:
        ControlClient(str(path)).stats()
    assert "member of the socket's group (" in caught.value.hint
    path.unlink()
    with pytest.raises(Unreachable, match="may not use"):
        ControlClient(str(path)).stats()


def test_slow(socket_path: Path, operator: FakeOperator) -> None:
    operator.wait = 60.0
    with pytest.raises(Unreachable, match=r"within 0\.1 s") as caught:
        ControlClient(str(socket_path), 0.1).stats()
    operator.wait = 0.0
    assert "--timeout" in caught.value.hint


def test_a_drip_of_bytes_has_one_deadline(tmp_path: Path) -> None:
    path = tmp_path / "slow.sock"
    with hostile(path, b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 10_000, drip=0.05):
        with pytest.raises(Unreachable, match="did not answer"):  # the whole of it would take eight minutes
            ControlClient(str(path), 0.3).stats()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 8000\r\n\r\n" + b"[" * 8000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200,
        b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"sessions": 1}',
        b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"sessions": [1]}',
    ],
)
def test_something_else_answers(tmp_path: Path, answer: bytes) -> None:
    path = tmp_path / "other.sock"
    with hostile(path, answer), pytest.raises(Unreachable) as caught:
        ControlClient(str(path), 2.0).sessions()
    assert caught.value.hint


def test_an_answer_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "most", lambda kind: 1000)
    path = tmp_path / "other.sock"
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 5000
    with hostile(path, answer), pytest.raises(Unreachable, match="no end"):
        ControlClient(str(path), 30.0).sessions()


def failure(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def test_an_older_gateway(tmp_path: Path) -> None:
    path = tmp_path / "old.sock"
    answer = failure(b"404 X", b'{"error": {"code": "no-such-path", "message": "there is no /v1/policy"}}')
    with hostile(path, answer), pytest.raises(Refused) as caught:
        ControlClient(str(path)).policy()
    assert "another version" in caught.value.hint


def test_an_error_without_words(tmp_path: Path) -> None:
    path = tmp_path / "odd.sock"
    answer = failure(b"418 X", b'{"error": {"code": "odd", "problems": 3}}')
    with hostile(path, answer), pytest.raises(Refused, match="GET /v1/policy: status 418"):
        ControlClient(str(path)).policy()


def test_it_hung_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reset(self: object, *_: object) -> int:
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(client_module.DeadlineSocket, "recv_into", reset)
    path = tmp_path / "other.sock"
    with hostile(path, b"x"), pytest.raises(Unreachable, match="hung up"):
        ControlClient(str(path)).stats()


def test_errors_are_of_one_family() -> None:
    assert issubclass(Refused, ControlError)
    assert issubclass(Unreachable, ControlError)


def test_chunks_are_an_answer_too(tmp_path: Path) -> None:
    """What stands between may send on in chunks."""
    path = tmp_path / "other.sock"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with hostile(path, head + b"d\r\n" + b'{"sessions": ' + b"\r\n3\r\n[]}\r\n0\r\n\r\n"):
        assert ControlClient(str(path), 30.0).sessions() == []
