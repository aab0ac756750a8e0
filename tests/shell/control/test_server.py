from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from uvicorn.server import ServerState

from dbgate.control import server as server_module
from dbgate.control.client import ControlClient, Refused
from dbgate.control.server import ControlServer, http_config, let_out, listen
from dbgate.errors import ConfigError
from tests.rows import rows
from tests.unit.control.fake import FakeOperator, serving


def test_mode_and_removal(tmp_path: Path, operator: FakeOperator) -> None:
    path = tmp_path / "dbgate.sock"
    with serving(operator, path):
        mode = path.stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o660
    assert not path.exists()


def test_under_uvloop(tmp_path: Path, operator: FakeOperator) -> None:
    path = tmp_path / "dbgate.sock"
    with serving(operator, path, uvloop.new_event_loop):
        client = ControlClient(str(path))
        assert client.stats()["total_queries"] == 4
        assert client.kill("01J-1")["killed"]
    assert operator.acts[0][2].endswith(f"(uid {os.getuid()})")


def test_a_stale_socket_is_replaced(tmp_path: Path, operator: FakeOperator) -> None:
    path = tmp_path / "dbgate.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with serving(operator, path):
        assert ControlClient(str(path)).health()["status"] == "ok"


def test_a_live_socket_is_an_error_and_stays(socket_path: Path) -> None:
    with pytest.raises(ConfigError, match="another gateway serves"):
        listen(str(socket_path))
    assert ControlClient(str(socket_path)).health()["status"] == "ok"


def test_a_live_socket_with_a_full_backlog_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "busy.sock"
    waiting = []
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(str(path))
        busy.listen(0)
        for _ in range(2):
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            waiting.append(client)
            try:
                client.connect(str(path))
            except BlockingIOError:
                break
        with pytest.raises(ConfigError):
            listen(str(path))
        for client in waiting:
            client.close()


def test_something_that_is_no_socket_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "dbgate.sock"
    path.write_text("precious")
    with pytest.raises(ConfigError, match="is no socket"):
        listen(str(path))
    assert path.read_text() == "precious"


@rows(
    ("path", "message"),
    [("/nonexistent/x.sock", "folder does not exist"), ("/tmp/" + "y" * 200, "too long")],
)
def test_impossible_paths(path: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        listen(path)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, mode: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(server_module.os, "chmod", refuse)
    with pytest.raises(ConfigError, match="permission denied; let"):
        listen(str(tmp_path / "x.sock"))


def test_group(tmp_path: Path) -> None:
    gid = os.getgid()
    listen(str(tmp_path / "a.sock"), str(gid)).close()
    assert (tmp_path / "a.sock").stat().st_gid == gid
    with pytest.raises(ConfigError, match="there is no group 'no-such-group'"):
        listen(str(tmp_path / "b.sock"), "no-such-group")


def test_of_two_that_start_at_once_one_wins(tmp_path: Path) -> None:
    path = str(tmp_path / "dbgate.sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    outcomes: list[object] = []

    def start() -> None:
        try:
            outcomes.append(listen(path))
        except ConfigError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [outcome for outcome in outcomes if isinstance(outcome, socket.socket)]
    assert len(won) == 1
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(path)
    won[0].close()


def test_it_leaves_signals_alone(tmp_path: Path, operator: FakeOperator) -> None:
    async def main() -> None:
        before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        server = ControlServer(operator, str(tmp_path / "x.sock"))
        await server.start()
        await asyncio.sleep(0.05)
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
        await server.stop()
        await server.stop()

    asyncio.run(main())


def test_a_replaced_socket_file_is_not_ours_to_remove(tmp_path: Path, operator: FakeOperator) -> None:
    path = tmp_path / "dbgate.sock"
    with serving(operator, path):
        path.unlink()
        path.write_text("somebody else's")
    assert path.read_text() == "somebody else's"


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"G",
        b"GET /v1/stats HTTP/1.1\r\nHost: x\r\n",
        b"POST /v1/policy/explain HTTP/1.1\r\nContent-Length: 9\r\nHost: x\r\n\r\n{",
    ],
    ids=["nothing", "a byte", "half a head", "half a body"],
)
def test_a_peer_that_does_not_ask_in_time_loses_its_place(
    tmp_path: Path,
    operator: FakeOperator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    begun: bytes,
) -> None:
    monkeypatch.setattr(server_module, "_IDLE_SECONDS", 0.1)
    path = tmp_path / "dbgate.sock"
    with serving(operator, path), socket.socket(socket.AF_UNIX) as slow:
        slow.connect(str(path))
        slow.settimeout(30)
        slow.sendall(begun)
        assert slow.recv(10) == b""
    assert not caplog.records


def test_an_answer_may_take_longer_than_asking(
    tmp_path: Path, operator: FakeOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late() -> object:
        await asyncio.sleep(1.5)
        return await FakeOperator.stats(operator)

    monkeypatch.setattr(server_module, "_IDLE_SECONDS", 1.0)
    monkeypatch.setattr(operator, "stats", late)
    path = tmp_path / "dbgate.sock"
    with serving(operator, path):
        assert ControlClient(str(path)).stats()["total_queries"] == 4


def test_too_many_connections_are_turned_away(
    tmp_path: Path, operator: FakeOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_CONNECTIONS", 3)
    path = tmp_path / "dbgate.sock"
    with serving(operator, path):
        with contextlib.ExitStack() as open_sockets:
            operator.wait = 60.0
            busy = [open_sockets.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(3)]
            for number, one in enumerate(busy):
                one.connect(str(path))
                one.sendall(b"GET /v1/stats HTTP/1.1\r\nHost: x\r\n\r\n")
                wait_for(lambda: operator.under_way == min(number + 1, 2))  # noqa: B023  # called at once
            busy[2].settimeout(30)
            assert busy[2].recv(65536).startswith(b"HTTP/1.1 503")
            operator.wait = 0.0
        wait_for(lambda: takes(path))


def test_who_never_asks_makes_room_for_who_does(
    tmp_path: Path, operator: FakeOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_CONNECTIONS", 3)
    path = tmp_path / "dbgate.sock"
    with serving(operator, path), contextlib.ExitStack() as open_sockets:
        for _ in range(5):
            mutes = [open_sockets.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(9)]
            for mute in mutes:
                mute.connect(str(path))
                mute.sendall(b"G")
            assert ControlClient(str(path)).stats()["total_queries"] == 4
        mutes[0].settimeout(30)
        with contextlib.suppress(ConnectionResetError):
            assert mutes[0].recv(10) == b""


def takes(path: Path) -> bool:
    try:
        return ControlClient(str(path)).stats()["total_queries"] == 4
    except Refused:  # it has not heard yet that the others are gone
        return False


def wait_for(look: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not look():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x00\xa5",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 40_000 + b"\r\n\r\n",
        b"\x00" * 99,
    ],
)
def test_bytes_that_are_no_http(socket_path: Path, request_bytes: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(str(socket_path))
        rude.settimeout(30)
        rude.sendall(request_bytes + b"\r\n\r\n")
        answer = rude.recv(1000)
        assert not answer or answer.startswith(b"HTTP/1.1 400")
    assert ControlClient(str(socket_path)).stats()["total_queries"] == 4


def test_stop_lets_an_answer_out(tmp_path: Path, operator: FakeOperator) -> None:
    path = tmp_path / "dbgate.sock"
    operator.wait = 0.3
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(ControlClient(str(path)).stats()["total_queries"]))
    with serving(operator, path):
        thread.start()
        wait_for(lambda: operator.under_way)
    thread.join(30)
    assert got == [4]


def test_stop_does_not_wait_for_ever(
    tmp_path: Path, operator: FakeOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_STOP_SECONDS", 0.05)
    operator.wait = 30.0
    path = tmp_path / "dbgate.sock"
    with serving(operator, path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET /v1/stats HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: operator.under_way)
    assert operator.under_way  # the end came before the answer


def test_both_listeners_speak_alike() -> None:
    """http_config: of the socket and of HTTPS."""
    config = http_config(None)
    assert (config.lifespan, config.ws, config.proxy_headers) == ("off", "none", False)
    assert config.limit_concurrency is not None and config.h11_max_incomplete_event_size == 16_384


def test_an_answer_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_STOP_SECONDS", 0.01)

    async def main() -> None:
        state = ServerState()
        await let_out(state)  # nothing is under way
        quick, slow = (asyncio.create_task(asyncio.sleep(seconds)) for seconds in (0, 3600))
        state.tasks.update((quick, slow))
        await let_out(state)
        with contextlib.suppress(asyncio.CancelledError):
            await slow
        assert (quick.cancelled(), slow.cancelled()) == (False, True)

    asyncio.run(main())
