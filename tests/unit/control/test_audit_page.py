from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.control import audit_page
from dbgate.control.audit_page import MOST_ROWS, ROWS, AuditReader, Busy, question
from dbgate.control.auditlog import Found, Search
from tests.rows import rows
from tests.unit.control.fake import FakeOperator
from tests.unit.control.test_api import ask

TIME = "2026-11-23T03:42:01"


@rows(
    ("given_", "found"),
    [
        ([], (Search(), ROWS, "")),
        ([("user", "a b"), ("limit", "500")], (Search(user="a b"), MOST_ROWS, "")),
        ([("since", f"{TIME}Z")], (Search(since=f"{TIME}.000000Z"), ROWS, "")),
        ([("until", f"{TIME}.5Z")], (Search(before=f"{TIME}.500000Z"), ROWS, "")),
        ([("decision", "block"), ("cursor", "1f-20")], (Search(decision="block"), ROWS, "1f-20")),
    ],
)
def test_what_may_be_asked(given_: list[tuple[str, str]], found: tuple[Search, int, str]) -> None:
    assert question(given_) == found


@rows(
    ("given_", "why"),
    [
        ([("users", "x")], "no parameter 'users'"),
        ([("user", "x"), ("user", "y")], "twice"),
        ([("text", "x" * 201)], "more than 200"),
        ([("limit", "0")], "1 to 500"),
        ([("limit", "501")], "1 to 500"),
        ([("limit", "")], "1 to 500"),
        ([("limit", "-1")], "1 to 500"),
        ([("decision", "")], "decision must be"),
        ([("since", "yesterday")], "since must be a time"),
        ([("until", f"{TIME}+01:00")], "until must be a time"),
        ([("cursor", "")], "cursor must be"),
        ([("cursor", "../../etc")], "cursor must be"),
    ],
)
def test_what_may_not(given_: list[tuple[str, str]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        question(given_)


@given(st.lists(st.tuples(st.sampled_from(sorted(audit_page.PARAMETERS)), st.text()), max_size=4))
def test_any_text_is_a_question_or_an_error(given_: list[tuple[str, str]]) -> None:
    try:
        found = question(given_)
    except ValueError as error:
        assert str(error)
    else:
        assert 1 <= found[1] <= MOST_ROWS


def test_pages_over_the_api(operator: FakeOperator, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    events = [{"time": f"{TIME}.{n:06d}Z", "event": "query", "db_user": f"u{n % 2}"} for n in range(7)]
    path.write_text("".join(json.dumps(one) + "\n" for one in events))
    operator.audit_log = str(path)
    status, first, _ = ask(operator, "GET", "/v1/audit?limit=3")
    assert status == 200 and first["records"] == events[:3:-1] and first["trouble"] == []
    _, second, _ = ask(operator, "GET", f"/v1/audit?limit=3&cursor={first['older']}")
    _, third, _ = ask(operator, "GET", f"/v1/audit?limit=3&cursor={second['older']}")
    assert second["records"] + third["records"] == events[3::-1] and third["older"] == ""
    _, again, _ = ask(operator, "GET", f"/v1/audit?cursor={first['cursors'][0]}")
    assert again["records"] == events[5::-1]  # behind the first record of the first page
    assert operator.asked[-1] == (Search(), ROWS, first["cursors"][0])


def test_refusals_over_the_api(operator: FakeOperator) -> None:
    status, body, _ = ask(operator, "GET", "/v1/audit?limit=0")
    assert (status, body["error"]["code"]) == (400, "bad-request") and operator.asked == []
    operator.busy = True
    status, body, _ = ask(operator, "GET", "/v1/audit")
    assert (status, body["error"]["code"]) == (429, "busy")
    operator.busy, operator.audit_log = False, ""
    status, body, _ = ask(operator, "GET", "/v1/audit")
    assert (status, body["error"]["code"]) == (404, "no-audit-log")


def test_one_at_a_time_and_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = threading.Semaphore(1)
    go = threading.Event()
    asked: list[str] = []

    def slow(path: str, *rest: object) -> Found:
        assert inside.acquire(blocking=False)  # nobody else reads
        go.wait(10)
        asked.append(path)
        inside.release()
        return Found()

    monkeypatch.setattr(audit_page, "search", slow)

    async def main() -> int:
        reader = AuditReader()
        many = [
            asyncio.create_task(reader.read(str(n), Search(), 1, "")) for n in range(audit_page.MOST_WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await reader.read("one more", Search(), 1, "")
        go.set()
        await asyncio.gather(*many)
        await reader.read("later", Search(), 1, "")
        return len(asked)

    assert asyncio.run(main()) == audit_page.MOST_WAITING + 1


def test_the_reader_reads(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text(json.dumps({"time": f"{TIME}.000000Z", "event": "query"}) + "\n")
    page = asyncio.run(AuditReader().read(str(path), Search(), 5, ""))
    assert [one["event"] for one in page["records"]] == ["query"] and page["cursors"] == [
        page["start"][:-2] + "0"
    ]
