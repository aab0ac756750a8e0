from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from dbgate.control.api import app
from dbgate.control.endpoints import ENDPOINTS, MAX_BODY, Endpoint
from dbgate.control.messages import ErrorBody, ErrorDetail, ExplainBody, RollbackBody
from dbgate.control.peer import Peer
from tests.unit.control.fake import FakeOperator

OWNER = Peer(500, 500, frozenset(), 1)
MEMBER = Peer(501, 501, frozenset({600}), 1)
STRANGER = Peer(502, 502, frozenset(), 1)


BODIES: dict[type, bytes] = {
    RollbackBody: b'{"version": 1}',
    ExplainBody: b'{"sql": "SELECT 1", "user": "app"}',
}


def good(endpoint: Endpoint) -> tuple[str, str, bytes]:
    """A request that the endpoint takes: method, path with query, body."""
    path = endpoint.path.replace("{session_id}", "01J-1").replace("{number}", "1")
    if endpoint.numbers:
        path += "?" + "&".join(f"{name}={n}" for n, name in enumerate(endpoint.numbers, 1))
    return endpoint.method, path, BODIES[endpoint.body] if endpoint.body else b""


def ask(
    operator: FakeOperator, method: str, path: str, peer: Peer | None = OWNER, body: bytes = b""
) -> tuple[int, dict[str, Any], dict[str, str]]:
    sent: list[Message] = []
    path, _, query = path.partition("?")

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "replace"),
        "query_string": query.encode(),
        "headers": [(b"host", b"dbgate")],
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "server": None,
        "client": None,
    }
    if peer is not None:
        scope["dbgate.peer"] = peer
    asyncio.run(app(operator, 500, lambda: 600)(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], json.loads(sent[1]["body"]), headers


def test_every_answer_is_what_the_document_promises(operator: FakeOperator) -> None:
    for endpoint in ENDPOINTS:
        method, path, sent = good(endpoint)
        status, body, headers = ask(operator, method, path, body=sent)
        assert status == 200, path
        msgspec.convert(body, endpoint.answer, strict=True)
        assert headers["content-type"] == "application/json"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.verb)
def test_who_is_let_in(operator: FakeOperator, endpoint: Endpoint) -> None:
    method, path, sent = good(endpoint)
    free = endpoint.verb in ("health", "openapi")
    for peer, expected in ((OWNER, 200), (MEMBER, 200), (STRANGER, 200 if free else 403), (None, 403)):
        operator.open = FakeOperator().open
        operator.acts.clear()
        status, body, _ = ask(operator, method, path, peer, sent)
        assert status == expected
        if status == 403:
            assert body["error"]["code"] == "forbidden"
            assert operator.acts == []


def test_unknown_paths_and_methods(operator: FakeOperator) -> None:
    status, body, _ = ask(operator, "GET", "/v1/nothing")
    assert (status, body["error"]["code"]) == (404, "no-such-path")
    status, body, _ = ask(operator, "GET", "/v1/sessions/")  # no redirect
    assert (status, body["error"]["code"]) == (404, "no-such-path")
    status, body, headers = ask(operator, "DELETE", "/v1/stats")
    assert (status, body["error"]["code"]) == (405, "wrong-method")
    assert "GET" in headers["allow"]
    status, body, _ = ask(operator, "GET", "/v1/policy/reload")
    assert status == 405
    assert operator.acts == []
    msgspec.convert(body, ErrorBody, strict=True)


def test_kill_says_who_asked(operator: FakeOperator) -> None:
    status, body, _ = ask(operator, "POST", "/v1/sessions/01J-2/kill", MEMBER)
    assert status == 200
    assert body["session_id"] == "01J-2"
    assert operator.acts == [("kill", "01J-2", MEMBER.author)]
    status, body, _ = ask(operator, "POST", "/v1/sessions/01J-2/kill", MEMBER)
    assert (status, body["error"]["code"]) == (404, "no-such-session")


def test_an_endless_session_id_is_not_passed_on(operator: FakeOperator) -> None:
    status, body, _ = ask(operator, "POST", f"/v1/sessions/{'x' * 4000}/kill")
    assert status == 404
    assert len(body["error"]["message"]) < 300
    assert operator.acts == []


def test_a_refused_reload(operator: FakeOperator) -> None:
    operator.problems = ["policy.yaml:1:1: version: expected 1"]
    status, body, _ = ask(operator, "POST", "/v1/policy/reload")
    assert status == 422
    assert body["error"]["problems"] == operator.problems
    msgspec.convert(body["error"], ErrorDetail, strict=True)
    msgspec.convert(body, ErrorBody, strict=True)


def test_a_refused_reload_without_any_policy(operator: FakeOperator, monkeypatch: pytest.MonkeyPatch) -> None:
    from dbgate.control.api import ReloadRefused

    async def refuse(author: str) -> Any:
        raise ReloadRefused(["empty"], "")

    monkeypatch.setattr(operator, "reload", refuse)
    _, body, _ = ask(operator, "POST", "/v1/policy/reload")
    assert "there is still no policy" in body["error"]["message"]


def test_versions_that_are_not_kept(operator: FakeOperator) -> None:
    for path in ("versions/3", "versions/0", "versions/x", "versions/9999999999", "diff?from=1&to=9"):
        status, body, _ = ask(operator, "GET", f"/v1/policy/{path}")
        assert (status, body["error"]["code"]) == (404, "no-such-version"), path
        assert "policy versions" in body["error"]["hint"]
    for path in ("diff", "diff?from=1", "diff?from=a&to=1", "diff?from=-1&to=1"):
        status, body, _ = ask(operator, "GET", f"/v1/policy/{path}")
        assert (status, body["error"]["code"]) == (400, "bad-request"), path


def test_a_rollback_says_who_asked(operator: FakeOperator) -> None:
    status, body, _ = ask(operator, "POST", "/v1/policy/rollback", MEMBER, b'{"version": 1}')
    assert (status, body["number"], body["of"]) == (200, 3, 1)
    assert operator.acts == [("rollback", "1", MEMBER.author)]
    for number in (0, -1, 9):
        sent = b'{"version": %d}' % number
        status, body, _ = ask(operator, "POST", "/v1/policy/rollback", MEMBER, sent)
        assert (status, body["error"]["code"]) == (404, "no-such-version")


def test_a_rollback_that_cannot_be(operator: FakeOperator) -> None:
    operator.problems = ["version 1:2:1: nonsense: unknown key"]
    status, body, _ = ask(operator, "POST", "/v1/policy/rollback", body=b'{"version": 1}')
    assert (status, body["error"]["code"]) == (422, "policy-refused")
    assert body["error"]["problems"] == operator.problems
    operator.read_only = "Read-only file system"
    status, body, _ = ask(operator, "POST", "/v1/policy/rollback", body=b'{"version": 1}')
    assert (status, body["error"]["code"]) == (409, "policy-not-writable")
    assert "Read-only" in body["error"]["message"]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b"{}",
        b"{",
        b'{"version": "1"}',
        b'{"version": 1.5}',
        b'{"version": 1e400}',
        b"\xff",
        b"[" * 3000,
        b" " * (MAX_BODY + 1),
    ],
    ids=lambda sent: repr(sent[:20]),
)
def test_what_is_sent_must_be_what_the_verb_takes(operator: FakeOperator, sent: bytes) -> None:
    status, body, _ = ask(operator, "POST", "/v1/policy/rollback", body=sent)
    assert (status, body["error"]["code"]) == (400, "bad-request")
    assert operator.acts == []


def test_an_explanation(operator: FakeOperator) -> None:
    sent = b'{"sql": "SELECT 1", "session_id": "01J-1", "at": 5, "masked": true, "detections": ["stacked"]}'
    status, body, _ = ask(operator, "POST", "/v1/policy/explain", MEMBER, sent)
    assert (status, body["decision"], body["rule"]) == (200, "block", "table-denied")
    asked = operator.explained[0]
    assert (asked.session_id, asked.at, asked.masked, asked.detections) == ("01J-1", 5.0, True, ["stacked"])
    status, body, _ = ask(
        operator, "POST", "/v1/policy/explain", body=b'{"sql": "SELECT 1", "session_id": "gone"}'
    )
    assert (status, body["error"]["code"]) == (404, "no-such-session")
    status, body, _ = ask(operator, "POST", "/v1/policy/explain", body=b'{"user": "app"}')
    assert (status, body["error"]["code"]) == (400, "bad-request")


@pytest.mark.parametrize(
    "sent",
    [
        b'{"sql": "SELECT 1", "usr": "app"}',
        b'{"sql": 1}',
        b'{"sql": "SELECT 1", "at": -1}',
        b'{"sql": "SELECT 1", "at": 1e300}',
        b'{"sql": "SELECT 1", "user": "%s"}' % (b"x" * 300),
        b'{"sql": "\\ud800"}',
    ],
)
def test_a_question_of_another_form(operator: FakeOperator, sent: bytes) -> None:
    status, body, _ = ask(operator, "POST", "/v1/policy/explain", body=sent)
    assert (status, body["error"]["code"]) == (400, "bad-request")
    assert operator.explained == []


def test_health_is_503_when_unwell(operator: FakeOperator) -> None:
    operator.reasons = ["draining"]
    status, body, _ = ask(operator, "GET", "/v1/health", STRANGER)
    assert (status, body["reasons"]) == (503, ["draining"])


def test_a_defect_is_a_500_without_details(operator: FakeOperator, caplog: pytest.LogCaptureFixture) -> None:
    operator.fault = RuntimeError("password=hunter2")
    status, body, _ = ask(operator, "GET", "/v1/stats")
    assert (status, body["error"]["code"]) == (500, "internal")
    assert "hunter2" not in json.dumps(body)
    assert "hunter2" in caplog.text


PATHS = st.one_of(
    st.text(max_size=30).map(lambda text: f"/v1/{text}"),
    st.text(max_size=30).map(lambda text: f"/v1/sessions/{text}/kill"),
    st.text(max_size=30).map(lambda text: f"/v1/policy/versions/{text}"),
    st.sampled_from([endpoint.path for endpoint in ENDPOINTS]),
)


@given(st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "X"]), PATHS)
def test_no_request_makes_it_fail(method: str, path: str) -> None:
    status, body, _ = ask(FakeOperator(), method, path)
    assert status in (200, 400, 404, 405)
    if status != 200:
        assert set(body["error"]) >= {"code", "message", "hint"}
