"""Every command against answers of the right form with one thing wrong in them: a field that is missing, of another type,
beyond all bounds, or with text that a terminal would obey."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dbgate.cli import audit_far
from dbgate.cli import output as out
from dbgate.cli.top_view import Screen
from dbgate.control.client import ControlClient
from tests.shell.cli.asking import POLICY, clear, error, harmless
from tests.shell.cli.strange import Stranger, http, listening
from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator, serving


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
    assert harmless(result.stderr)
