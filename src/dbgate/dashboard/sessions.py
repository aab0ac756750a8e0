"""Open sessions: sort, filter, end one."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from dbgate.control.client import ControlError, Refused
from dbgate.control.messages import SessionInfo
from dbgate.dashboard.fleet import Instance
from dbgate.dashboard.web import Visit

MOST_ROWS: Final = 500
SORTS: Final = {
    "user": "db_user",
    "source": "client_ip",
    "schema": "db_name",
    "since": "connected_at",
    "state": "state",
    "queries": "queries",
    "blocked": "blocked",
    "instance": "instance",
}
_DOWNWARD: Final = ("queries", "blocked", "since")  # most, or longest, first


async def sessions(visit: Visit) -> Response:
    """GET /sessions."""
    given = visit.request.query_params
    filters = {name: given.get(name, "").strip()[:200] for name in ("user", "source", "state", "instance")}
    sort = given.get("sort", "") if given.get("sort", "").lstrip("-") in SORTS else "-queries"
    fleet = visit.site.fleet
    lists = await asyncio.gather(*(_ask(visit, instance) for instance in fleet.instances))
    rows: list[dict[str, Any]] = []
    trouble: list[str] = []
    for instance, (found, problem) in zip(fleet.instances, lists, strict=True):
        rows += [{**one, "instance": instance.name} for one in found]
        if problem and filters["instance"] in ("", instance.name):
            trouble.append(f"Sessions of {instance.name} are not shown: {problem}")
    states = sorted({str(row["state"]) for row in rows})
    shown = [row for row in rows if _fits(row, filters)]
    key = SORTS[sort.lstrip("-")]
    # The column says how long a session is open, the field since when.
    downward = sort.startswith("-") != (key == "connected_at")
    shown.sort(key=lambda row: (row[key], row["session_id"]), reverse=downward)
    return visit.page(
        "sessions_table.html" if visit.partial else "sessions.html",
        rows=shown[:MOST_ROWS],
        fitting=len(shown),
        total=len(rows),
        filters=filters,
        sort=sort,
        states=states,
        trouble=trouble,
        next_sort=_next_sort,
    )


def _next_sort(present: str, column: str) -> str:
    """What a click on a column's head asks for."""
    first = f"-{column}" if column in _DOWNWARD else column
    return first if present != first else (column if first.startswith("-") else f"-{column}")


def _fits(row: dict[str, Any], filters: dict[str, str]) -> bool:
    return (
        filters["user"].lower() in str(row["db_user"]).lower()
        and str(row["client_ip"]).startswith(filters["source"])
        and filters["state"] in ("", row["state"])
        and filters["instance"] in ("", row["instance"])
    )


async def _ask(visit: Visit, instance: Instance) -> tuple[list[SessionInfo], str]:
    if instance.state == "down":
        return [], f"it is down ({instance.error})"
    try:
        return await visit.site.fleet.run(instance.client(timeout=4.0).sessions), ""
    except ControlError as error:
        return [], error.message


async def kill(visit: Visit) -> Response:
    """GET /sessions/{instance}/{session_id}/kill asks whether it is meant, POST does it."""
    instance = visit.site.fleet.find(visit.request.path_params["instance"])
    session_id = visit.request.path_params["session_id"][:128]
    if instance is None:
        return visit.sorry(404, "No such gateway", "The dashboard does not watch a gateway of that name.")
    if not visit.acts:
        found, problem = await _ask(visit, instance)
        row = next((one for one in found if one["session_id"] == session_id), None)
        template = "kill_form.html" if visit.partial else "kill.html"
        return visit.page(template, instance=instance, session_id=session_id, row=row, problem=problem)
    try:
        result = await visit.site.fleet.run(instance.client(visit.user.name).kill, session_id)
    except ControlError as error:
        outcome = "refused" if isinstance(error, Refused) else "failed"
        visit.act("session.kill", outcome, instance.name, f"{session_id}: {error.message}")
        return visit.sorry(
            error.status if isinstance(error, Refused) else 502, "Not ended", error.message, error.hint
        )
    visit.act("session.kill", "done", instance.name, session_id)
    return visit.go(f"/sessions?done={quote(session_id, safe='')}&detail={quote(result['detail'])}")
