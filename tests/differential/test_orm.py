"""Every statement that Django and SQLAlchemy really make: named as the server opens it, never refused, never suspicious."""

from __future__ import annotations

import importlib.util

import pytest

from dbgate.sql.statement import LexContext
from tests.differential.recorder import record
from tests.differential.replay import Replay
from tests.differential.truth import Truth

# Statements by which each program is known to have done its work.
AT_LEAST = {"django": 500, "sqlalchemy": 140}


@pytest.mark.parametrize("orm", sorted(AT_LEAST))
def test_what_an_orm_sends(truth: Truth, orm: str) -> None:
    for module in (orm, "MySQLdb" if orm == "django" else "pymysql"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed (./run bootstrap drivers)")
    sent = record(truth, f"tests.differential.orm_{orm}")
    texts = [text for _, command, text in sent if command == "Query"]
    assert len(texts) >= AT_LEAST[orm]
    truth.admin.run(b"DROP DATABASE orm; CREATE DATABASE orm CHARACTER SET utf8mb4")
    truth.client.schema = "orm"
    truth.client.open()
    replay = Replay(truth, LexContext(truth.flavour, truth.version))
    for text in texts:
        replay.run(text)
    assert replay.missed == []
    assert replay.refusals == {}
    assert replay.detected == []
    assert replay.counts["accepted"] >= replay.counts["run"] * 0.9
    assert replay.counts["tables"] >= replay.counts["run"] // 3
