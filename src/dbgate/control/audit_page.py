"""`GET /v1/audit`: what may be asked, what is answered, and the reading, which is one search at a time in a thread of the
supervisor, so that no worker knows of it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Any, Final

from dbgate.control.auditlog import PLACE, Search, search
from dbgate.control.messages import AuditPage

MOST_ROWS: Final = 500
ROWS: Final = 100
BUDGET: Final = 16 << 20  # bytes that one request reads at most
MOST_WAITING: Final = 8
_LONGEST_WAIT: Final = 0.05
_TIME: Final = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z")
_LONGEST: Final = 200
DECISIONS: Final = ("allow", "would_block", "block")

_TEXT: Final = {"type": "string", "maxLength": _LONGEST}
_MOMENT: Final = {"type": "string", "pattern": f"^{_TIME.pattern}$"}
PARAMETERS: Final[dict[str, dict[str, Any]]] = {  # name -> JSON schema; all of them may be left out
    "since": _MOMENT,
    "until": _MOMENT,
    "user": _TEXT,
    "rule": _TEXT,
    "table": _TEXT,
    "digest": _TEXT,
    "session": _TEXT,
    "source": _TEXT,
    "event": _TEXT,
    "event_id": _TEXT,
    "instance": _TEXT,
    "text": _TEXT,
    "decision": {"type": "string", "enum": list(DECISIONS)},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": ROWS},
    "cursor": {"type": "string", "pattern": f"^{PLACE.pattern}$"},
}
_WORDS: Final = tuple(name for name, schema in PARAMETERS.items() if schema is _TEXT)


class Busy(Exception):
    """Too many wait for records already."""


def question(given: Sequence[tuple[str, str]]) -> tuple[Search, int, str]:
    """The parameters of a request as a search, how many rows, and the cursor; ValueError says what is wrong."""
    asked: dict[str, str] = {}
    for name, value in given:
        if name not in PARAMETERS:
            raise ValueError(f"there is no parameter {name[:40]!r}")
        if name in asked:
            raise ValueError(f"{name} is given twice")
        if len(value) > _LONGEST:
            raise ValueError(f"{name} has more than {_LONGEST} characters")
        asked[name] = value
    limit = asked.get("limit", str(ROWS)).strip()
    if not re.fullmatch("[0-9]{1,3}", limit) or not 1 <= int(limit) <= MOST_ROWS:
        raise ValueError(f"limit must be a whole number from 1 to {MOST_ROWS}")
    decision = asked.get("decision", "")
    if "decision" in asked and decision not in DECISIONS:
        raise ValueError(f"decision must be one of {', '.join(DECISIONS)}")
    cursor = asked.get("cursor", "").strip()
    if "cursor" in asked and not PLACE.fullmatch(cursor):
        raise ValueError("cursor must be one of an answer's")
    since, until = (_moment(name, asked[name]) if name in asked else "" for name in ("since", "until"))
    words = {name: asked.get(name, "") for name in _WORDS}
    return Search(**words, decision=decision, since=since, before=until), int(limit), cursor


def _moment(name: str, text: str) -> str:
    """With six digits behind the point, so that it compares as text."""
    text = text.strip()
    if not _TIME.fullmatch(text):
        raise ValueError(f"{name} must be a time such as 2026-01-31T09:00:00Z")
    whole, _, fraction = text[:-1].partition(".")
    return f"{whole}.{fraction:0<6}Z"


class AuditReader:
    """One search at a time; it rests as long as it works, so that it takes half a core at most."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0

    async def read(self, path: str, wanted: Search, limit: int, cursor: str) -> AuditPage:
        """A page of the log at `path`. Busy where too many wait."""
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            async with self._lock:
                found = await asyncio.to_thread(search, path, wanted, limit, BUDGET, cursor, _rest)
        finally:
            self._waiting -= 1
        return {
            "records": found.records,
            "cursors": found.places,
            "start": found.start,
            "older": found.older,
            "reached": found.reached,
            "trouble": found.trouble,
        }


def _rest(worked: float) -> None:
    time.sleep(min(worked, _LONGEST_WAIT))
