"""The gateway's own log."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator

import pytest

from dbgate.config.settings import load
from dbgate.workers import log
from dbgate.workers.reload import load_text

POLICY = "version: 1\nglobal: {log_level: error, log_format: text}\naccess_control: []\n"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, asyncio_level = list(root.handlers), root.level, logging.getLogger("asyncio").level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("asyncio").setLevel(asyncio_level)


def lines(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_json_object_a_line(stream: io.StringIO) -> None:
    log.set_up("info", "worker 3", stream)
    logger = logging.getLogger("dbgate.test")
    logger.debug("not this")
    logger.info("two\nlines %s", "\udcff")
    try:
        raise ValueError("why")
    except ValueError:
        logger.exception("failed")
    first, second = lines(stream)
    assert first["message"] == "two\nlines \udcff"
    assert (first["level"], first["logger"], first["process"]) == ("info", "dbgate.test", "worker 3")
    assert first["time"].endswith("Z")
    assert "ValueError: why" in second["error"]


def test_warnings_from_before(stream: io.StringIO) -> None:
    log.set_up("warning", "supervisor", stream)
    log.warn(["did you mean X?"])
    assert [line["message"] for line in lines(stream)] == ["did you mean X?"]


def test_the_policy_s_level_holds_where_the_settings_do_not_say(stream: io.StringIO) -> None:
    log.set_up("info", "supervisor", stream)
    policy = load_text(POLICY, "p.yaml").policy
    log.follow_policy(load({}, {}), policy, "supervisor")
    logging.getLogger("dbgate").warning("quiet")
    logging.getLogger("dbgate").error("loud")
    assert stream.getvalue().endswith("ERROR dbgate: loud\n")
    assert "quiet" not in stream.getvalue()
    log.follow_policy(load({"log_level": "warning"}, {}), policy, "supervisor")
    logging.getLogger("dbgate").warning("said")
    assert "said" in stream.getvalue()
    log.follow_policy(load({}, {}), None, "supervisor")
    logging.getLogger("dbgate").info("json again")
    assert json.loads(stream.getvalue().splitlines()[-1])["message"] == "json again"


def test_clocks() -> None:
    before = time.time()
    now = log.wall_offset() + time.monotonic()
    assert before - 0.1 <= now <= time.time() + 0.1
