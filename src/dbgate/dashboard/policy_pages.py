"""The policy: what is in force and what its rules did, its versions, their differences, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import quote

from starlette.responses import Response

from dbgate.control.client import ControlError, Refused, Unreachable
from dbgate.control.messages import PolicyText, PolicyVersions
from dbgate.dashboard.fleet import Instance
from dbgate.dashboard.web import Visit
from dbgate.stats.snapshot import RuleLine

T = TypeVar("T")

_TOO_OLD: Final = ("no-such-path", "wrong-method")
_MOST_LINES: Final = 5000
_MOST_HITS: Final = 50


def _chosen(visit: Visit) -> Instance:
    """The gateway that the request names, else the first that answers, else the first."""
    given = visit.request.query_params.get("instance", "")
    if visit.acts:
        given = visit.request.state.form.get("instance", "")
    fleet = visit.site.fleet
    return fleet.find(given) or next(iter(fleet.live), fleet.instances[0])


async def _ask(visit: Visit, work: Callable[..., T], *arguments: Any) -> T:
    """A call; where the gateway is too old for it, an error that says so."""
    try:
        return await visit.site.fleet.run(work, *arguments)
    except Refused as error:
        if error.code in _TOO_OLD:
            raise Unreachable("This gateway keeps no versions of its policy.", "Upgrade it.") from None
        raise


async def policy(visit: Visit) -> Response:
    """GET /policy."""
    instance = _chosen(visit)
    versions: PolicyVersions | None = None
    text: PolicyText | None = None
    problem = ""
    if instance.state != "down":
        try:
            client = instance.client(timeout=4.0)
            kept = await _ask(visit, client.policy_versions)
            versions = kept
            if kept["live"]:
                text = await _ask(visit, client.policy_version, kept["live"])
        except ControlError as error:
            problem = f"{error.message} {error.hint}"
    lines = instance.last.stats["rule_lines"] if instance.last else []
    return visit.page(
        "policy.html",
        instance=instance,
        versions=versions,
        source=_annotated(text["text"], lines) if text else [],
        hits=lines[:_MOST_HITS],
        problem=problem,
        done=visit.request.query_params.get("done", "")[:200],
    )


def _annotated(text: str, hits: list[RuleLine]) -> list[dict[str, Any]]:
    """The lines of a policy file, each with what its rules did."""
    by_line: dict[int, list[RuleLine]] = {}
    for hit in hits:
        by_line.setdefault(hit["line"], []).append(hit)
    return [
        {"number": number, "text": line, "hits": by_line.get(number, [])}
        for number, line in enumerate(text.splitlines()[:_MOST_LINES], 1)
    ]


async def version(visit: Visit) -> Response:
    """GET /policy/versions/{number}."""
    instance = _chosen(visit)
    try:
        found = await _ask(visit, instance.client().policy_version, visit.request.path_params["number"])
    except ControlError as error:
        return _failed(visit, error)
    return visit.page(
        "policy_version.html", instance=instance, found=found, source=_annotated(found["text"], [])
    )


async def difference(visit: Visit) -> Response:
    """GET /policy/diff?from=A&to=B."""
    instance = _chosen(visit)
    given = visit.request.query_params
    first, second = given.get("from", ""), given.get("to", "")
    if not (first.isascii() and first.isdigit() and second.isascii() and second.isdigit()):
        return visit.sorry(400, "Which versions?", "Choose two versions on the policy page.")
    try:
        found = await _ask(visit, instance.client().policy_diff, int(first[:9]), int(second[:9]))
    except ControlError as error:
        return _failed(visit, error)
    return visit.page(
        "policy_diff.html", instance=instance, found=found, lines=found["text"].splitlines()[:_MOST_LINES]
    )


async def rollback(visit: Visit) -> Response:
    """GET /policy/rollback/{number} shows what would change and asks, POST does it."""
    instance = _chosen(visit)
    number = visit.request.path_params["number"]
    client = instance.client(visit.user.name)
    try:
        if not visit.acts:
            versions = await _ask(visit, client.policy_versions)
            found = (
                await _ask(visit, client.policy_diff, versions["live"], number) if versions["live"] else None
            )
            lines = found["text"].splitlines()[:_MOST_LINES] if found else []
            return visit.page("rollback.html", instance=instance, number=number, found=found, lines=lines)
        result = await _ask(visit, client.policy_rollback, number)
    except ControlError as error:
        if visit.acts:
            visit.act("policy.rollback", "refused", instance.name, f"to {number}: {error.message}")
        return _failed(visit, error)
    visit.act("policy.rollback", "done", instance.name, f"to {number}, now version {result['number']}")
    await visit.site.fleet.look_at(instance)
    done = f"Version {result['number']} is live: a copy of version {number}."
    return visit.go(f"/policy?instance={quote(instance.name)}&done={quote(done)}")


async def reload(visit: Visit) -> Response:
    """POST /policy/reload."""
    instance = _chosen(visit)
    try:
        result = await visit.site.fleet.run(instance.client(visit.user.name).reload)
    except ControlError as error:
        visit.act("policy.reload", "refused", instance.name, error.message)
        return _failed(visit, error)
    visit.act("policy.reload", "done", instance.name, result["version"])
    await visit.site.fleet.look_at(instance)
    done = "The policy file was read again: " + (
        f"policy {result['version']} is live." if result["changed"] else "it has not changed."
    )
    return visit.go(f"/policy?instance={quote(instance.name)}&done={quote(done)}")


def _failed(visit: Visit, error: ControlError) -> Response:
    problems = error.problems if isinstance(error, Refused) else []
    status = error.status if isinstance(error, Refused) else 502
    return visit.page(
        "sorry.html",
        status,
        headline="That did not work",
        message=error.message,
        hint=error.hint,
        problems=problems,
    )
