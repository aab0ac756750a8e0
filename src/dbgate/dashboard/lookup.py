"""Records of all gateways, the newest first: from the logs that can be read here, and from the gateways themselves where they
cannot. A page ends at a place in each log, and the one that follows goes on from there, so that nothing is left out."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from dbgate.control.access import ControlError
from dbgate.control.audit_far import audit
from dbgate.control.audit_page import MOST_ROWS
from dbgate.control.auditlog import BUDGET, PLACE, Found, Record, Search, search
from dbgate.control.client import Refused, remote
from dbgate.dashboard.fleet import Fleet, Instance

FAR_SECONDS: Final = 15.0
END: Final = "end"
_MARK: Final = re.compile(rf"([A-Za-z0-9][A-Za-z0-9._-]{{0,63}}):({PLACE.pattern}|{END})")
_TOO_OLD: Final = ("no-such-path", "wrong-method")

Marks = dict[str, str]


@dataclass(slots=True)
class Page:
    """Of records. older: what asks for the page that follows, "" = there is none; reached: how far back all logs were looked
    at, "" where nothing is left; trouble: what is not shown, one line each."""

    records: list[Record] = field(default_factory=list)
    older: str = ""
    reached: str = ""
    trouble: list[str] = field(default_factory=list)


def marks(text: str) -> Marks:
    """The name of a log -> the place where it goes on. What is no such thing is left out."""
    found = (_MARK.fullmatch(part) for part in text[:20_000].split(","))
    return {match[1]: match[2] for match in found if match}


def logs_of(fleet: Fleet) -> dict[str, list[Instance]]:
    """Each audit log that is read here once, with the gateways that write to it."""
    logs: dict[str, list[Instance]] = {}
    for instance in fleet.instances:
        if near(instance):
            logs.setdefault(instance.audit_log, []).append(instance)
    return logs


def near(instance: Instance) -> bool:
    """Whether its log is read here: it was named, or is a file here that may be read."""
    path = instance.audit_log
    return bool(path) and (bool(instance.log) or os.access(path, os.R_OK))


async def look_up(
    fleet: Fleet,
    wanted: Search,
    only: str = "",
    rows: int = 50,
    begin: Marks | None = None,
    budget: int = BUDGET,
) -> Page:
    """The newest `rows` records over all logs. only: of the gateway that has this name here; begin: where each log goes on,
    by the name of (the first of) its gateways."""
    begin = begin or {}
    page = Page()
    writers: dict[str, Sequence[Instance]] = {}
    work = []
    for path, sharing in logs_of(fleet).items():
        name = sharing[0].name
        if (not only or only in [one.name for one in sharing]) and begin.get(name) != END:
            writers[name] = sharing
            work.append(fleet.run(search, path, wanted, rows, budget, begin.get(name, "")))
    for instance in fleet.instances:
        if near(instance) or (only and instance.name != only) or begin.get(instance.name) == END:
            continue
        why = _silent(instance)
        if why:
            page.trouble.append(f"Records of {instance.name} are not shown: {why}")
        else:
            writers[instance.name] = (instance,)
            work.append(fleet.run(_ask, instance, wanted, rows, begin.get(instance.name, "")))
    found = dict(zip(writers, await asyncio.gather(*work), strict=True))
    for name, one in found.items():
        page.trouble += one.trouble
        _attribute(one.records, writers[name])
    _merge(page, found, begin, rows)
    return page


def _attribute(records: list[Record], writers: Sequence[Instance]) -> None:
    """Each record gets a field `gateway`: the name that its gateway has here, as far as the log tells it. Gateways that write
    to logs of their own may well have one name in them, such as the host's."""
    for record in records:
        names = [one.name for one in writers if len(writers) == 1 or one.own_name == record.get("instance")]
        record["gateway"] = names[0] if len(names) == 1 else ""


def _silent(instance: Instance) -> str:
    """Why it need not be asked; "" = it is."""
    if instance.state in ("down", "new"):
        return "it is down"
    if not remote(instance.path) and not instance.audit_log:
        return "it keeps no log that can be read from here"
    return ""


def _ask(instance: Instance, wanted: Search, rows: int, place: str) -> Found:
    """As search(), by the gateway itself. Blocks."""
    asked = {
        "since": wanted.since,
        "until": wanted.before,
        "user": wanted.user,
        "rule": wanted.rule,
        "table": wanted.table,
        "digest": wanted.digest,
        "session": wanted.session,
        "source": wanted.source,
        "event": wanted.event,
        "event_id": wanted.event_id,
        "instance": wanted.instance,
        "text": wanted.text,
        "decision": wanted.decision,
        "limit": str(min(rows, MOST_ROWS)),
        "cursor": place,
    }
    try:
        page = audit(instance.client(timeout=FAR_SECONDS), asked)
    except ControlError as error:
        why = error.message
        if isinstance(error, Refused) and error.code in _TOO_OLD:
            why = "it is of a version that gives none to dashboards elsewhere; upgrade it"
        return Found(older=place, trouble=[f"Records of {instance.name} are not shown: {why}"])
    trouble = [f"{instance.name}: {line}" for line in page["trouble"]]
    return Found(page["records"], page["cursors"], page["older"], page["reached"], page["start"], trouble)


def _merge(page: Page, found: dict[str, Found], begin: Marks, rows: int) -> None:
    """The newest of all, as many as are wanted, and the places behind them. A log of which a part was looked at ends the page
    where that part does: what follows in it may be newer than what other logs have."""
    taken = dict.fromkeys(found, 0)
    while len(page.records) < rows:
        heads = [
            (str(one.records[taken[name]]["time"]), name)
            for name, one in found.items()
            if taken[name] < len(one.records)
        ]
        if not heads:
            break
        latest, name = max(heads)
        if any(
            one.older and taken[other] == len(one.records) and one.reached > latest
            for other, one in found.items()
        ):
            break
        page.records.append(found[name].records[taken[name]])
        taken[name] += 1
    after = dict(begin)
    reached = []
    for name, one in found.items():
        if not one.start:  # it could not be asked
            continue
        if taken[name] == len(one.records):
            after[name] = one.older or END
            reached += [one.reached] if one.older else []
        else:
            after[name] = one.places[taken[name] - 1] if taken[name] else one.start
            reached.append(str(page.records[-1]["time"]) if page.records else "")
    page.records.sort(key=lambda record: str(record["time"]), reverse=True)
    if any(one.start and after[name] != END for name, one in found.items()):
        page.older = ",".join(f"{name}:{mark}" for name, mark in after.items())
        page.reached = max(reached, default="")


SMALL_BUDGET: Final = 4 << 20


class Newest:
    """The newest blocks of all gateways. One whose count of blocks is as it was is not asked again."""

    def __init__(self, fleet: Fleet, rows: int) -> None:
        self._fleet = fleet
        self._rows = rows
        self._known: dict[str, tuple[object, list[Record]]] = {}

    async def read(self) -> list[Record]:
        """Them, the newest first."""
        wanted = Search(event="query.blocked")
        found: list[Record] = []
        for path, writers in logs_of(self._fleet).items():
            result = await self._fleet.run(search, path, wanted, self._rows, SMALL_BUDGET)
            _attribute(result.records, writers)
            found += result.records
        for instance in self._fleet.instances:
            if not near(instance) and not _silent(instance) and instance.last is not None:
                found += await self._far(instance, instance.last.stats["blocked_queries"], wanted)
        found.sort(key=lambda record: str(record["time"]), reverse=True)
        return found[: self._rows]

    async def _far(self, instance: Instance, blocked: int, wanted: Search) -> list[Record]:
        known = self._known.get(instance.name)
        if known is None or known[0] != blocked:
            result = await self._fleet.run(_ask, instance, wanted, self._rows, "")
            _attribute(result.records, (instance,))
            known = self._known[instance.name] = (None if result.trouble else blocked, result.records)
        return known[1]
