"""Blocked statements, the search in the audit logs, one record with its explanation, and alerts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from dbgate.control.auditlog import Record, Search, near, rfc3339
from dbgate.control.client import ControlError
from dbgate.dashboard.explain import explain_record
from dbgate.dashboard.fleet import Fleet, Instance
from dbgate.dashboard.lookup import Page, look_up, marks
from dbgate.dashboard.web import Visit

ROWS: Final = 50
_FIELDS: Final = ("user", "rule", "table", "source", "text", "event", "digest", "session", "instance")
_BLOCKS: Final = "query.blocked,query.would_block,connection.denied"
_ALERTS: Final = "alert,audit.dropped,policy.reload,policy.rollback,session.kill"
_BLOCKED: Final = re.compile(r"(\d{1,12}) statements? blocked in ")
_WITHIN: Final = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}


def asked(visit: Visit, events: str) -> tuple[dict[str, str], Search, str]:
    """The filters of a request as they were given, as a search, and the gateway they name. events: where none is given."""
    given = visit.request.query_params
    filters = {name: given.get(name, "").strip()[:200] for name in _FIELDS}
    filters["within"] = given.get("within", "") if given.get("within") in _WITHIN else ""
    since = rfc3339(datetime.now(UTC) - _WITHIN[filters["within"]]) if filters["within"] else ""
    instance = visit.site.fleet.find(filters["instance"])
    wanted = Search(
        event=filters["event"] or events,
        user=filters["user"],
        rule=filters["rule"],
        table=filters["table"],
        source=filters["source"],
        digest=filters["digest"],
        session=filters["session"],
        text=filters["text"],
        instance=instance.own_name if instance else "",
        since=since,
    )
    return filters, wanted, instance.name if instance else ""


async def _list(visit: Visit, template: str, default: str, rows: int = ROWS, **more: Any) -> Response:
    filters, wanted, only = asked(visit, default)
    begin = marks(visit.request.query_params.get("from", ""))
    found = await look_up(visit.site.fleet, wanted, only, rows, begin)
    return visit.page(template, found=found, filters=filters, begun=bool(begin), **more)


async def blocked(visit: Visit) -> Response:
    """GET /blocked."""
    return await _list(visit, "blocked.html", _BLOCKS, heading="Blocked statements", events="blocked")


async def audit(visit: Visit) -> Response:
    """GET /audit."""
    return await _list(visit, "blocked.html", "", heading="Audit log", events="all")


async def alerts(visit: Visit) -> Response:
    """GET /alerts."""
    return await _list(
        visit, "alerts.html", _ALERTS, 600, conditions=conditions(visit.site.fleet), together=together
    )


def together(records: list[Record]) -> list[Record]:
    """Alerts about blocks come once a second while there are blocks: one row a minute and gateway, with their sum."""
    rows: list[Record] = []
    minutes: dict[tuple[str, str], Record] = {}
    for entry in records:
        match = _BLOCKED.match(str(entry.get("reason", ""))) if entry.get("event") == "alert" else None
        if match is None:
            rows.append(entry)
            continue
        key = (f"{entry.get('gateway') or entry.get('instance', '')}", str(entry["time"])[:16])
        row = minutes.get(key)
        if row is None:
            row = minutes[key] = {**entry, "blocks": 0}
            rows.append(row)
        row["blocks"] += int(match[1])
        row["reason"] = f"{row['blocks']} statement{'s' if row['blocks'] > 1 else ''} blocked in this minute"
    return rows


async def record(visit: Visit) -> Response:
    """GET /record/{event_id}: everything about it, and what the present policy says."""
    event_id = visit.request.path_params["event_id"]
    since, before = near(event_id)
    found = Page()
    if since:
        found = await look_up(visit.site.fleet, Search(event_id=event_id, since=since, before=before))
    if not found.records:
        return visit.sorry(
            404,
            "No such record",
            f"No audit log that can be read from here has the event {event_id[:40]}.",
            "; ".join(found.trouble) or "It may be in a log that was rotated away.",
        )
    entry = found.records[0]
    instance = visit.site.fleet.find(str(entry["gateway"]))
    statement = str(entry.get("statement", ""))
    outcome: dict[str, Any] = {}
    problem = ""
    if statement and instance is not None:
        try:
            outcome = await explain_record(visit, instance, entry)
        except ControlError as error:
            problem = f"{error.message}. {error.hint}"
    return visit.page(
        "record.html",
        record=entry,
        instance=instance,
        explanation=outcome,
        problem=problem,
        masked="?" in statement,
    )


def conditions(fleet: Fleet) -> list[dict[str, str]]:
    """What is wrong right now, worst first: level, place, text and a link."""
    found: list[dict[str, str]] = []

    def add(level: str, instance: Instance, text: str, link: str = "") -> None:
        found.append({"level": level, "instance": instance.name, "text": text, "link": link})

    for instance in fleet.instances:
        policy_link = f"/policy?instance={quote(instance.name)}"
        if instance.state == "down":
            add("bad", instance, f"does not answer: {instance.error}")
        if instance.state in ("down", "new") or instance.last is None:
            continue
        for reason in instance.last.health["reasons"]:
            add("bad", instance, f"takes no clients: {reason}")
        audit_stats = instance.last.stats["audit"]
        if audit_stats["failing"]:
            add("bad", instance, "cannot write its audit log")
        if audit_stats["dropped"]:
            add("warn", instance, f"has lost {audit_stats['dropped']:,} audit records since its start")
        if instance.last.policy["problems"]:
            first = instance.last.policy["problems"][0]
            add("warn", instance, f"refused the latest policy file: {first}", policy_link)
    versions = {one.last.policy["version"] for one in fleet.live if one.last is not None}
    if len(versions) > 1:
        found.append(
            {
                "level": "warn",
                "instance": "",
                "text": f"The gateways do not have the same policy: {', '.join(sorted(v or 'none' for v in versions))}",
                "link": "/policy",
            }
        )
    return sorted(found, key=lambda row: row["level"] != "bad")
