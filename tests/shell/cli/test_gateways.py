"""Every command against gateways that are down, slow, old or hostile, over real Unix sockets: one clear word on standard
error, the documented exit status, no traceback, nothing that a terminal would obey, bounded time and memory."""

from __future__ import annotations

import copy
import json
import re
import socket
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from dbgate.cli import top as top_module
from dbgate.cli.main import main
from dbgate.control import answers as answers_module
from dbgate.control.client import ControlClient
from tests.shell.cli.strange import Answer, Stranger, http, listening
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_main import commands
from tests.unit.control.fake import FakeOperator, serving

# A command line of each command that may ask a gateway, with which it does. The table is held to the parser below.
ASKING: dict[tuple[str, ...], tuple[str, ...]] = {
    ("sessions",): (),
    ("sessions", "kill"): ("01J-1",),
    ("stats",): (),
    ("top",): (),
    ("policy", "validate"): ("policy.yaml", "--stats"),
    ("policy", "explain"): ("SELECT 1", "--user", "app"),
    ("policy", "who-can"): ("SELECT", "shop.users"),
    ("policy", "backtest"): ("1", "--traffic", "audit.jsonl"),
    ("policy", "reload"): (),
    ("policy", "show"): (),
    ("policy", "versions"): (),
    ("policy", "diff"): ("1", "2"),
    ("policy", "rollback"): ("1",),
    ("policy", "promote"): (),
    ("audit", "query"): (),
}
MORE = {("policy", "show", "1"), ("policy", "promote", "app"), ("stats", "--watch", "--count", "1")}
POLICY = "access_control: [{name: app, user: app, allowed_tables: ['*'], allowed_operations: [SELECT]}]\n"


def asking() -> list[tuple[str, ...]]:
    """Every command line of the table, for people and for programs."""
    lines = [(*path, *arguments) for path, arguments in ASKING.items()] + sorted(MORE)
    formats = [(*line, "-o", output) for line in lines for output in ("table", "json")]
    return [line for line in formats if line != ("top", "-o", "json")]


LINES = asking()


def test_the_table_has_every_command_that_asks_a_gateway() -> None:
    found = {
        path
        for path, command in commands(main)
        if any("--socket" in parameter.opts for parameter in command.params)
        and (not isinstance(command, click.Group) or path == ("sessions",))
    }
    assert found == set(ASKING)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "audit.jsonl").write_text("{}\n")
    monkeypatch.setattr(top_module, "on_a_terminal", lambda: True)
    return tmp_path


def clear(result: Any, line: tuple[str, ...], code: int = 3) -> None:
    """The command failed as it should, and says so in a few words of which the first line is what is wrong."""
    assert result.exit_code == code, (line, result.stderr, result.stdout)
    assert result.stdout == "", line
    said = result.stderr.splitlines()
    assert said[0].startswith("dbgate-cli: "), (line, said)
    assert len(said) == 2, (line, said)
    assert said[1].startswith("  → "), (line, said)
    assert all(len(one) < 1500 for one in said), line
    assert harmless(result.stderr), (line, said)


def harmless(text: str) -> bool:
    return all(character == "\n" or character.isprintable() for character in text)


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


def error(status: int, **fields: Any) -> bytes:
    return http(json.dumps({"error": fields}).encode(), status)


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
                ):  # it falls back on the policy file, which it cannot be told
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


# --- answers of the right form, with one thing wrong ---


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an honest gateway says, by path."""
    operator = FakeOperator()
    operator.texts = {1: POLICY, 2: POLICY}
    operator.explanation = {"statements": [STATEMENT | {"folded": STATEMENT}], "behind": [BEHIND]}
    operator.open.append(dict(operator.open[0], tls=True, cert_subject="CN=app"))  # type: ignore[arg-type]
    asked = {"sql": "SELECT 1", "user": "app"}
    found: dict[str, Any] = {}
    socket_path = tmp_path_factory.mktemp("honest") / "dbgate.sock"
    with serving(operator, socket_path):
        client = ControlClient(str(socket_path))
        for method, path, sent in (
            ("GET", "/v1/stats", None),
            ("GET", "/v1/sessions", None),
            ("POST", "/v1/sessions/01J-1/kill", None),
            ("GET", "/v1/policy", None),
            ("GET", "/v1/catalog", None),
            ("POST", "/v1/policy/reload", None),
            ("GET", "/v1/policy/versions", None),
            ("GET", "/v1/policy/versions/1", None),
            ("GET", "/v1/policy/versions/2", None),
            ("POST", "/v1/policy/rollback", {"version": 1}),
            ("POST", "/v1/policy/explain", asked),
        ):
            status, found[path] = client._call(method, path, sent)  # type: ignore[arg-type]
            assert status == 200, path
    return found


NEED = {"kind": "table", "operation": "SELECT", "schema": "shop", "table": "users", "written": False}
STATEMENT: dict[str, Any] = {
    "verb": "SELECT",
    "operations": ["SELECT"],
    "needs": [NEED],
    "functions": ["f"],
    "calls": ["p"],
    "detections": [{"detector": "tautology", "reason": "1 = 1"}],
    "session_statement": False,
    "creates_routine": False,
    "dynamic_sql": "",
    "folded": None,
    "without_where": ["UPDATE"],
    "session_state": "",
    "new_schema": None,
}
BEHIND = {"path": "v", "needs": [NEED], "functions": ["f"], "calls": ["p"], "problem": "no"}
OPTIONAL = {"tls", "cert_subject", "policy", "on_server", "fold_names", "assumed"}
# What each command asks for, to its end.
SHOWN: dict[tuple[str, ...], str] = {
    ("stats",): "/v1/stats",
    ("sessions",): "/v1/sessions",
    ("sessions", "kill", "01J-1"): "/v1/sessions/01J-1/kill",
    ("top",): "/v1/stats",
    ("policy", "show"): "/v1/policy",
    ("policy", "show", "1"): "/v1/policy/versions/1",
    ("policy", "reload"): "/v1/policy/reload",
    ("policy", "versions"): "/v1/policy/versions",
    ("policy", "who-can", "SELECT", "shop.users"): "/v1/policy/versions/2",
    ("policy", "diff", "1", "2"): "/v1/policy/versions/2",
    ("policy", "rollback", "1"): "/v1/policy/rollback",
    ("policy", "explain", "SELECT 1", "--user", "app"): "/v1/policy/explain",
}

Path_ = tuple[str | int, ...]


def places(value: Any, at: Path_ = ()) -> Iterator[Path_]:
    """Every value in an answer, but for itself: dictionaries' keys and the first of each list."""
    for key in (
        value if isinstance(value, dict) else range(min(1, len(value))) if isinstance(value, list) else ()
    ):
        yield (*at, key)
        yield from places(value[key], (*at, key))


def at(value: Any, place: Path_) -> Any:
    for key in place:
        value = value[key]
    return value


def changed(answer: Any, place: Path_, change: Callable[[Any], Any]) -> Any:
    """A copy of the answer in which the value at that place is another, or (None of None) missing."""
    made = copy.deepcopy(answer)
    holder = at(made, place[:-1])
    new = change(holder[place[-1]])
    if new is MISSING:
        del holder[place[-1]]
    else:
        holder[place[-1]] = new
    return made


MISSING = object()
HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e[bold]\r\n\x00" + "x" * 300


def says(answers: dict[str, Any], path: str) -> bytes:
    found = answers.get(path.partition("?")[0])
    return (
        http(json.dumps(found).encode())
        if found is not None
        else error(404, code="no-such-path", message="m")
    )


@pytest.mark.parametrize("line", SHOWN, ids=" ".join)
def test_one_thing_wrong(run: Run, folder: Path, honest: dict[str, Any], line: tuple[str, ...]) -> None:
    """Each field of what a command shows is missing, or of another type, or beyond all bounds."""
    path = SHOWN[line]
    said = dict(honest)
    socket_path = str(folder / "wrong.sock")
    with listening(folder / "wrong.sock", Stranger(lambda asked: says(said, asked))):
        if line != ("top",):
            assert run(*line, "--socket", socket_path).exit_code in (0, 1)
        for place in places(honest[path]):
            value = at(honest[path], place)
            wrong: list[Any] = [{"a": [1]}] if isinstance(value, str | int | float | None) else ["x"]
            if isinstance(value, int) and not isinstance(value, bool):
                wrong += ["7", 10**30]
            if isinstance(place[-1], str) and not place_is_free(path, place):
                wrong.append(MISSING)
            for new in wrong:
                if new is MISSING and place[-1] in OPTIONAL:
                    continue
                if place_is_free(path, place[:-1]) and new is MISSING:
                    continue
                said[path] = changed(honest[path], place, lambda _, new=new: new)
                result = run(*line, "--socket", socket_path)
                clear(result, (*line, str(place), str(new)[:20]))
                if new is MISSING:
                    assert "is another version of dbgate" in result.stderr, (place, result.stderr)


def place_is_free(path: str, place: Path_) -> bool:
    """Whether its name is not fixed: counters by operation and by rule."""
    return path == "/v1/stats" and len(place) == 2 and place[0] in ("operations", "rules")


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize("line", SHOWN, ids=" ".join)
def test_names_that_a_terminal_would_obey(
    run: Run, folder: Path, honest: dict[str, Any], line: tuple[str, ...], output: str
) -> None:
    said = copy.deepcopy(honest)
    path = SHOWN[line]
    for place in places(honest[path]):
        if isinstance(at(said[path], place), str):
            said[path] = changed(said[path], place, lambda _: HOSTILE)
    if path == "/v1/stats":
        said[path]["operations"] = {HOSTILE: 1}
        said[path]["rule_lines"][0]["last_hit_ms"] = (1 << 64) - 1
    with listening(folder / "names.sock", Stranger(lambda asked: says(said, asked))):
        if line == ("top",):
            from dbgate.cli import output as out
            from dbgate.cli.top_view import Screen

            screen = Screen(ControlClient(str(folder / "names.sock")), "", str(folder / "none"))
            screen.look()
            console = out.console()
            with console.capture() as capture:
                console.print(screen.render(40))
            assert harmless(capture.get())
            return
        result = run(*line, "--socket", str(folder / "names.sock"), "-o", output)
        assert result.exit_code in (0, 1), result.stderr
        assert harmless(result.stdout + result.stderr)
        if result.exit_code == 0:
            assert "pwned" in result.stdout
        if result.exit_code == 0 and output == "json":
            assert HOSTILE in list(texts(json.loads(result.stdout)))


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


def test_records_without_end(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page after page with nothing on it, each of which names another."""
    from dbgate.cli import audit_far

    monkeypatch.setattr(audit_far, "_MOST_PAGES", 7)
    asked: list[str] = []

    def page(path: str) -> bytes:
        asked.append(path)
        older = f"{len(asked):x}-1"
        said = {
            "records": [],
            "cursors": [],
            "older": older,
            "reached": "",
            "start": "",
            "trouble": [HOSTILE + older] * 90,
        }
        return http(json.dumps(said).encode())

    with listening(folder / "pages.sock", Stranger(page)):
        result = run("audit", "query", "--socket", str(folder / "pages.sock"))
    assert (result.exit_code, len(asked)) == (1, 7)
    assert "no such record" in result.stderr
    assert len(result.stderr.splitlines()) < 200
    assert all(character == "\n" or character.isprintable() for character in result.stderr)
