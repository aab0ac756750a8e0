"""The webhook, before a receiver on this machine."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dbgate.errors import ConfigError
from dbgate.sinks import webhook as module
from dbgate.sinks.webhook import QUIET_SECONDS, Webhook, read_key, sign

KEY = b"0123456789abcdef"


class Receiver:
    """Takes messages. statuses: its next answers, then 200; got: (path, headers, body)."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.headers: dict[str, str] = {}
        self.got: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.news = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = outer.statuses.pop(0) if outer.statuses else 200
                self.send_response(status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
                with outer.news:
                    outer.got.append((self.path, {**headers, "raw": raw.decode()}, json.loads(raw)))
                    outer.news.notify_all()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/secret?x=1"

    def wait(self, count: int) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
        with self.news:
            assert self.news.wait_for(lambda: len(self.got) >= count, 30), self.got
            return list(self.got)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_message_is_signed_and_slack_can_show_it(receiver: Receiver) -> None:
    hook = Webhook("gw<1>", KEY)
    hook.tell("blocks", "before there is an address", "v")
    hook.aim(receiver.url)
    hook.tell("blocks", "5 statements blocked in 1.0 s & more", "abc")
    ((path, headers, body),) = receiver.wait(1)
    assert path == "/hook/secret?x=1"
    assert body["text"] == "dbgate gw&lt;1&gt;: 5 statements blocked in 1.0 s &amp; more"
    assert (body["kind"], body["instance"], body["policy_version"], body["repeated"]) == (
        "blocks",
        "gw<1>",
        "abc",
        0,
    )
    assert body["alert"] == "5 statements blocked in 1.0 s & more"
    at, _, value = headers["x-dbgate-signature"].partition(",v1=")
    expected = hmac.new(KEY, f"{at[2:]}.{headers['raw']}".encode(), hashlib.sha256).hexdigest()
    assert value == expected and headers["content-type"] == "application/json"
    hook.close(10)
    assert hook.posts == {"sent": 1, "failed": 0, "dropped": 0}


def test_without_a_key_there_is_no_signature(receiver: Receiver) -> None:
    hook = Webhook("gw", b"")
    hook.aim(receiver.url)
    hook.tell("blocks", "x", "v")
    ((_, headers, _),) = receiver.wait(1)
    assert "x-dbgate-signature" not in headers
    hook.close(10)


def test_what_fails_is_tried_again_as_the_same_message(receiver: Receiver) -> None:
    receiver.statuses = [500, 429, 200]
    hook = Webhook("gw", KEY, pauses=(0.01, 0.01, 0.01))
    hook.aim(receiver.url)
    hook.tell("blocks", "x", "v")
    got = receiver.wait(3)
    hook.close(10)
    assert len({headers["x-dbgate-delivery"] for _, headers, _ in got}) == 1
    assert hook.posts == {"sent": 1, "failed": 0, "dropped": 0}


@pytest.mark.parametrize(("statuses", "attempts"), [([500] * 9, 3), ([404], 1), ([302], 1)])
def test_what_is_never_taken_is_given_up(
    receiver: Receiver, statuses: list[int], attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses = statuses
    receiver.headers = {"Location": "http://127.0.0.1:1/elsewhere"}
    hook = Webhook("gw", KEY, pauses=(0.01, 0.01))
    hook.aim(receiver.url)
    with caplog.at_level(logging.ERROR, "dbgate.sinks"):
        hook.tell("blocks", "x", "v")
        receiver.wait(attempts)
        hook.close(10)
    assert len(receiver.wait(attempts)) == attempts and hook.posts["failed"] == 1
    assert "127.0.0.1" in caplog.text and "secret" not in caplog.text


def test_nobody_there_and_a_bad_answer(caplog: pytest.LogCaptureFixture) -> None:
    hook = Webhook("gw", KEY, pauses=())
    hook.aim("http://127.0.0.1:1/")
    hook.tell("blocks", "x", "v")
    hook.close(10)
    assert hook.posts["failed"] == 1
    hook = Webhook("gw", KEY, pauses=())
    hook.aim("https://127.0.0.1:1/")
    hook.tell("blocks", "x", "v")
    hook.close(10)
    assert hook.posts["failed"] == 1


def test_a_receiver_that_wants_time_gets_it(receiver: Receiver) -> None:
    receiver.statuses, receiver.headers = [503], {"Retry-After": "3600"}
    clock = Clock()
    hook = Webhook("gw", KEY, now=clock, pauses=(0.01,))
    hook.aim(receiver.url)
    hook.tell("blocks", "x", "v")
    receiver.wait(1)
    hook.close(20)  # the end does not wait for it
    assert len(receiver.wait(1)) == 1 and hook.posts["failed"] == 1


def test_a_storm_is_a_message_a_minute(receiver: Receiver) -> None:
    clock = Clock()
    hook = Webhook("gw", KEY, now=clock)
    hook.aim(receiver.url)
    hook.tell("blocks", "first", "v")
    receiver.wait(1)
    for number in range(50):
        hook.tell("blocks", f"alert {number}", "v")
    hook.tell("volume", "another kind", "v")
    got = receiver.wait(2)
    assert got[1][2]["alert"] == "another kind"
    clock.now += QUIET_SECONDS + 1
    hook.tell("blocks", "the last", "v")
    got = receiver.wait(3)
    assert got[2][2]["alert"] == "the last" and got[2][2]["repeated"] == 50
    assert got[2][2]["text"].endswith("(and 50 more alerts of this kind before)")
    hook.close(10)


def test_all_kinds_together_have_a_limit(receiver: Receiver) -> None:
    clock = Clock()
    hook = Webhook("gw", KEY, now=clock)
    hook.aim(receiver.url)
    for number in range(module.MOST_A_WINDOW + 5):
        hook.tell(f"policy:{number}", f"refused {number}", "v")
    receiver.wait(module.MOST_A_WINDOW)
    assert {body["kind"] for _, _, body in receiver.got} == {"policy"}
    hook.close(10)  # what was held back goes at the end
    assert len(receiver.wait(module.MOST_A_WINDOW + 5)) == module.MOST_A_WINDOW + 5


def test_kinds_without_end_are_dropped() -> None:
    hook = Webhook("gw", KEY, pauses=())
    hook._url = "http://127.0.0.1:1/"  # no thread: nothing is sent
    for number in range(300):
        hook.tell(f"policy:{number}", "x", "v")
    assert hook.posts["dropped"] == 100
    hook.aim("")
    hook.tell("blocks", "x", "v")
    assert hook.posts["dropped"] == 100
    hook.close(1)
    hook.close(1)


def test_a_key(tmp_path: Path) -> None:
    assert read_key("") == b""
    path = tmp_path / "key"
    with pytest.raises(ConfigError, match="cannot be read"):
        read_key(str(path))
    path.write_bytes(b"short\n")
    with pytest.raises(ConfigError, match="openssl rand"):
        read_key(str(path))
    path.write_bytes(KEY + b"\n")
    assert read_key(str(path)) == KEY
    assert sign(KEY, 7, b"x").startswith("t=7,v1=")
