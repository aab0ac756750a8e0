from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dbgate.workers.inband import MOST_ROWS, Inband
from dbgate.workers.messages import Told, Wanted
from dbgate.workers.reload import load_text
from tests.unit.control.fake import FakeOperator, session

POLICY = """\
access_control:
  - user: app
    mode: monitor
    allowed_operations: [SELECT]
    allowed_tables: [a.b]


    blocked_operations: [DROP]
"""


class Asker:
    def __init__(self) -> None:
        self.heard: list[Told] = []

    def tell(self, answer: Told) -> None:
        self.heard.append(answer)


def ask(operator: FakeOperator, what: str, policy: str = POLICY) -> Told:
    async def main() -> Told:
        live = load_text(policy, "p.yaml") if policy else None
        made = Inband(operator, cast(Any, SimpleNamespace(live=live)))
        asker = Asker()
        made.wanted(asker, Wanted("s-1", 7, what))
        while not asker.heard:
            await asyncio.sleep(0)
        await made.close()
        return asker.heard[0]

    return asyncio.run(main())


def test_sessions() -> None:
    operator = FakeOperator()
    operator.open = [session(1, tls=True), session(2)]
    told = ask(operator, "SESSIONS")
    assert (told.session_id, told.number, told.problem) == ("s-1", 7, "")
    first, second = (dict(zip(told.columns, row, strict=True)) for row in told.rows)
    assert (first["session_id"], first["tls"], first["queries"]) == ("01J-1", "yes", "12")
    assert second["tls"] == ""  # an old worker does not tell
    operator.open = [session(n) for n in range(MOST_ROWS + 1)]
    assert len(ask(operator, "SESSIONS").rows) == MOST_ROWS


def test_stats() -> None:
    told = ask(FakeOperator(), "STATS")
    values = {row[0]: row[1] for row in told.rows}
    assert (values["total_queries"], values["audit.failing"], values["rules.blocked-operation.blocked"]) == (
        "4",
        "no",
        "1",
    )
    assert not any(name.startswith("rule_lines") for name in values)


def test_rules() -> None:
    told = ask(FakeOperator(), "RULES")
    assert told.rows == [
        ["access_control", "2", "app@*", "monitor", "", "", ""],
        ["blocked-operation", "7", "", "", "1", "0", "2023-11-14T22:13:20.000Z"],
    ]
    shown = ask(FakeOperator(), "RULES", POLICY.replace("\n\n\n", "\n\n")).rows[1]
    assert shown[2] == "blocked_operations: [DROP]"
    assert ask(FakeOperator(), "RULES", "").rows == []


def test_a_failure_is_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    operator = FakeOperator()
    operator.fault = RuntimeError("no")
    assert ask(operator, "STATS").problem == "the gateway failed to answer; its log says why"
    assert "DBGATE SHOW STATS failed" in caplog.text


def test_what_is_under_way_at_the_end_is_given_up() -> None:
    async def main() -> None:
        operator = FakeOperator()
        operator.wait = 60.0
        made = Inband(operator, cast(Any, SimpleNamespace(live=None)))
        asker = Asker()
        made.wanted(asker, Wanted("s-1", 1, "STATS"))
        await asyncio.sleep(0)
        await made.close()
        assert asker.heard == []

    asyncio.run(main())
