"""Answers are held to their types and to bounds; over a socket, for every command: tests/shell/cli/test_gateways.py."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.control.answers import DEEPEST, MOST, MOST_SHORT, Anything, Lacking, Strange, decoded, most
from dbgate.control.messages import ExplainAnswer, ExplainBody, KillResult, SessionList
from dbgate.stats.snapshot import Stats
from tests.rows import rows
from tests.unit.control.fake import explanation

KILLED = {"session_id": "a", "killed": True, "detail": "d"}
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def say(value: object) -> bytes:
    return json.dumps(value).encode()


def test_what_is_meant_is_taken_and_what_a_later_gateway_adds_is_skipped() -> None:
    assert decoded(say(KILLED), KillResult) == KILLED
    assert decoded(say({**KILLED, "on_server": "gone", "new": [1]}), KillResult) == {
        **KILLED,
        "on_server": "gone",
    }
    assert decoded(say({"anything": 1}), Anything) == {"anything": 1}


def test_a_field_that_is_missing_is_told_from_one_that_is_wrong() -> None:
    with pytest.raises(Lacking, match="`detail`"):
        decoded(say({"session_id": "a", "killed": True}), KillResult)
    with pytest.raises(Strange, match="another kind: Expected `bool`") as caught:
        decoded(say({**KILLED, "killed": "yes"}), KillResult)
    assert not isinstance(caught.value, Lacking)


@rows(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": "\xff"}', "not JSON"),
        (b"[" * 100_000, "not JSON|another kind"),
        (b'{"a":' * 100_000, "not JSON"),
        (b"[]", "another kind"),
        (say({"a": 1 << 64}), "beyond all bounds"),
        (say({"a": [-(1 << 64)]}), "beyond all bounds"),
        (b'{"a": 1e300}', "beyond all bounds"),
        (b'{"a":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", "nested too deep"),
    ],
)
def test_what_is_none(content: bytes, words: str) -> None:
    with pytest.raises(Strange, match=words):
        decoded(content, Anything)


def test_bounds_that_hold() -> None:
    inside = {"a": [(1 << 64) - 1, -1.5e19, None, True]}
    assert decoded(say(inside), Anything) == inside
    assert most(SessionList) == most(Anything) == MOST
    assert most(KillResult) == most(Stats) == MOST_SHORT


def test_what_a_dynamic_statement_was_folded_to_is_a_statement() -> None:
    statement: dict[str, Any] = {
        "verb": "SELECT",
        "operations": [],
        "needs": [],
        "functions": [],
        "calls": [],
        "detections": [],
        "session_statement": False,
        "creates_routine": False,
        "dynamic_sql": "",
        "folded": None,
        "without_where": [],
        "session_state": "",
        "new_schema": None,
    }
    answer: dict[str, Any] = dict(explanation(ExplainBody(sql="x"), statements=[statement]))
    assert decoded(say(answer), ExplainAnswer)["statements"] == [statement]
    answer["statements"] = [{**statement, "folded": {**statement, "later": 1, "folded": statement}}]
    (found,) = decoded(say(answer), ExplainAnswer)["statements"]
    assert found["folded"]["folded"] == statement
    assert "later" not in found["folded"]
    for folded, kind in (({"verb": "SELECT"}, Lacking), ({**statement, "verb": 1}, Strange), ([], Strange)):
        answer["statements"] = [{**statement, "folded": folded}]
        with pytest.raises(kind):
            decoded(say(answer), ExplainAnswer)
    nested = statement
    for _ in range(30):
        nested = {**statement, "folded": nested}
    answer["statements"] = [nested]
    with pytest.raises(Strange, match="too deep"):
        decoded(say(answer), ExplainAnswer)


@given(ANY_JSON)
def test_whatever_it_says_it_is_taken_or_strange(value: object) -> None:
    for kind in (Anything, Stats, SessionList, ExplainAnswer):
        try:
            found = decoded(json.dumps(value).encode(), kind)
        except Strange:
            continue
        msgspec.json.encode(found)
