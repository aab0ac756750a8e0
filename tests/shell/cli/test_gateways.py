"""Every command against gateways that are down, slow, old or hostile, over real Unix sockets: one clear word on standard
error, the documented exit status, no traceback, nothing that a terminal would obey, bounded time and memory."""

from __future__ import annotations

import re
import socket
import tracemalloc
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from dbgate.cli.main import main
from dbgate.control import answers as answers_module
from tests.shell.cli.asking import ASKING, LINES, clear, error
from tests.shell.cli.strange import Answer, Stranger, http, listening
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_main import commands


def test_the_table_has_every_command_that_asks_a_gateway() -> None:
    found = {
        path
        for path, command in commands(main)
        if any("--socket" in parameter.opts for parameter in command.params)
        and (not isinstance(command, click.Group) or path == ("sessions",))
    }
    assert found == set(ASKING)


def test_down(run: Run, folder: Path) -> None:
    dead = folder / "dead.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(dead))
    (folder / "file").write_text("")
    for path, words in (
        (folder / "none.sock", "start one with `dbgate serve`"),
        (dead, "start it again with `dbgate serve`"),
        (folder / "file", "`dbgate serve`"),
        (folder, "--socket or DBGATE_CONTROL_SOCKET"),
    ):
        for line in LINES:
            result = run(*line, "--socket", str(path))
            clear(result, line)
            assert str(path) in result.stderr
            if path.suffix:
                assert words in result.stderr


def test_slow(run: Run, folder: Path) -> None:
    """It takes the question and says nothing; drips its head; drips its body; does not even take the question."""
    drips = [
        http(b"{" + b" " * 5000).replace(b"HTTP", b"H", 0),
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 5000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 500,
    ]
    for answer in (b"", *drips):
        with listening(folder / "slow.sock", Stranger(lambda path, a=answer: a, drip=0.01, hold=True)):
            for line in LINES if not answer else LINES[::5]:
                result = run(*line, "--socket", str(folder / "slow.sock"), "--timeout", "0.05")
                clear(result, line)
                assert "did not answer within 0.05 s" in result.stderr
                assert "--timeout" in result.stderr
    with socket.socket(socket.AF_UNIX) as full:  # nobody accepts, and nobody else may wait
        full.bind(str(folder / "full.sock"))
        full.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(folder / "full.sock"))
            for line in LINES[::3]:
                result = run(*line, "--socket", str(folder / "full.sock"), "--timeout", "0.05")
                clear(result, line)
                assert "did not answer" in result.stderr


def test_old(run: Run, folder: Path) -> None:
    """A verb that is not there, and one that is there with another method."""
    for answer in (
        error(404, code="no-such-path", message="there is no /v1/x", hint="old"),
        error(405, code="wrong-method", message="/v1/x does not take GET", hint="old"),
    ):
        with listening(folder / "old.sock", Stranger(lambda path, a=answer: a)):
            for line in LINES:
                result = run(*line, "--socket", str(folder / "old.sock"))
                if line[:2] == (
                    "policy",
                    "explain",
                ):  # it falls back on the policy file, and has not been told one
                    assert "too old to explain" in result.stderr
                    assert result.exit_code == 3
                    continue
                clear(result, line)
                assert "another version" in result.stderr


REFUSALS: list[tuple[Answer, int]] = [
    (error(500, code="internal", message="it failed", hint="its log"), 3),
    (error(403, code="forbidden", message="\x1b]0;pwned\x07no", hint="\x9b31mask \u202eelse"), 1),
    (error(404, code="no-such-session", message="gone\r\nfake: line\n", hint="h"), 1),
    (error(422, code="policy-refused", message="m" * 100_000, hint="h" * 100_000), 1),
    (error(409, code=["x"], message={"a": 1}, hint=[2], problems="no"), 1),
]


@pytest.mark.parametrize(("answer", "code"), REFUSALS)
def test_refusals(run: Run, folder: Path, answer: bytes, code: int) -> None:
    with listening(folder / "no.sock", Stranger(lambda path: answer)):
        for line in LINES:
            result = run(*line, "--socket", str(folder / "no.sock"))
            if "hint" not in result.stderr and b'"hint": [2]' in answer:
                assert result.exit_code == code
                assert re.fullmatch(r"dbgate-cli: (GET|POST) \S+: status 409\n", result.stderr)
                continue
            clear(result, line, code)


def deep(levels: int) -> bytes:
    return b'{"sessions": ' + b"[" * levels + b"]" * levels + b"}"


STRANGE: dict[str, Answer] = {
    "nothing": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a server's greeting": b"\x4a\x00\x00\x00\x0a8.0.36\x00" + bytes(range(256)),
    "noise": bytes(range(256)) * 300,
    "terminal codes": b"\x1b[2J\x1b]0;pwned\x07\r\n\r\n" * 50,
    "terminal codes as its version": b"HTTP/1.1 200 \x1b[2J\r\nX: \x1b[2J\r\n\r\n\x1b[2J",
    "no number as its status": b"HTTP/1.1 2\xb20 OK\r\n\r\n",
    "another HTTP": b"HTTP/3.0 200 OK\r\n\r\n{}",
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000,
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500,
    "a status without end": b"HTTP/1.1 200 " + b"y" * 200_000,
    "an empty body": http(b""),
    "half an answer": http(b'{"sessions": []}')[:-4],
    "half a header": http(b"{}")[:20],
    "a wrong length": b"HTTP/1.1 200 OK\r\nContent-Length: -7\r\n\r\n[",
    "a huge length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    "a chunk of negative length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"
    + b"{" * 1000,
    "HTML": http(b"<h1>hello</h1>", kind=b"text/html"),
    "JSON that says it is HTML": http(b'{"sessions": []}', kind=b"text/html; charset=utf-8"),
    "an overloaded uvicorn": http(b"Service Unavailable", 503, b"text/plain; charset=utf-8"),
    "elsewhere": b"HTTP/1.1 302 Found\r\nLocation: http://evil/\r\nContent-Length: 2\r\n\r\n{}",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "no JSON": http(b"abc"),
    "JSON and more": http(b"{}{}"),
    "no text": http(b'{"sessions": "\xff\xfe"}'),
    "a lone surrogate": http(b'{"sessions": "\\ud800"}'),
    "a list": http(b"[]"),
    "null": http(b"null"),
    "a number": http(b"1"),
    "an object": http(b"{}"),
    "deep": http(deep(50_000)),
    "deep objects": http(b'{"a":' * 50_000),
    "no number": http(b'{"sessions": NaN}'),
    "a number of many digits": http(b'{"sessions": ' + b"9" * 50_000 + b"}"),
    "an error without words": http(b"{}", 404),
    "an error that is none": http(b'{"error": "\\u001b[2J"}', 500),
}


@pytest.mark.parametrize("name", STRANGE)
def test_hostile(run: Run, folder: Path, name: str) -> None:
    with listening(folder / "strange.sock", Stranger(lambda path: STRANGE[name])):
        for line in LINES:
            clear(run(*line, "--socket", str(folder / "strange.sock"), "--timeout", "20"), line)


class Bulk(NamedTuple):
    head: bytes
    piece: bytes


@pytest.mark.parametrize(
    "bulk",
    [
        Bulk(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65_536),
        Bulk(b'HTTP/1.1 200 OK\r\n\r\n{"sessions": [', b"[],{}," * 10_000),
        Bulk(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", b" " * 65_536),
        Bulk(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        Bulk(b"HTTP/1.1 500 Oh\r\n\r\n", b"[" * 65_536),
    ],
)
def test_without_end(run: Run, folder: Path, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As fast as it can: what is kept of it is bounded by what a verb may answer."""
    monkeypatch.setattr(answers_module, "MOST", 1 << 20)
    monkeypatch.setattr(answers_module, "MOST_SHORT", 1 << 20)
    stranger = Stranger(lambda path: bulk.head, then=bulk.piece)
    with listening(folder / "endless.sock", stranger):
        for line in LINES[:4] if bulk.head else LINES[:1]:
            tracemalloc.start()
            try:
                result = run(*line, "--socket", str(folder / "endless.sock"), "--timeout", "1")
                assert tracemalloc.get_traced_memory()[1] < 48 << 20
            finally:
                tracemalloc.stop()
            clear(result, line)


def test_what_takes_much_memory_for_its_bytes_is_not_decoded() -> None:
    for content in (b'{"a":[' + b"[]," * 3_000_000, b"{" * 3_000_000):
        with pytest.raises(answers_module.Strange, match="too many values"):
            answers_module.decoded(content, answers_module.Anything)
