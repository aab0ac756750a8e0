"""Asking a gateway what its policy says about a statement, and the tester page."""

from __future__ import annotations

import ipaddress
from typing import Any, Final, cast

from starlette.responses import Response

from dbgate.control.client import ControlError, Refused
from dbgate.dashboard.fleet import Instance
from dbgate.dashboard.web import Visit

MOST_SQL: Final = 100_000
_TOO_OLD: Final = ("no-such-path", "wrong-method")


async def explain(
    visit: Visit, instance: Instance, sql: str, user: str, source: str, schema: str
) -> dict[str, Any]:
    """The gateway's explanation. ControlError where it gives none."""
    client = cast("Any", instance.client(visit.user.name))
    ask = getattr(client, "policy_explain", None)
    if ask is None:
        raise Refused(501, "no-such-path", "this dashboard cannot explain statements yet", "", [])
    try:
        answer = await visit.site.fleet.run(ask, sql, user, source, schema)
    except Refused as error:
        if error.code in _TOO_OLD:
            raise Refused(
                error.status,
                error.code,
                f"{instance.name} does not explain statements",
                "Upgrade that gateway.",
                [],
            ) from None
        raise
    return cast("dict[str, Any]", answer)


async def tester(visit: Visit) -> Response:
    """GET and POST /tester: a statement as a given user from a given address. Nothing is sent to a database."""
    request = visit.request
    given = request.state.form if request.method == "POST" else request.query_params
    asked = {
        name: str(given.get(name, "")).strip() for name in ("sql", "user", "source", "schema", "instance")
    }
    asked["source"] = asked["source"] or "127.0.0.1"
    instance = visit.site.fleet.find(asked["instance"]) or next(iter(visit.site.fleet.live), None)
    asked["instance"] = instance.name if instance else ""
    problem, answer = "", {}
    if request.method == "POST":
        problem = _problem(asked)
        if instance is None:
            problem = "No gateway answers."
        elif not problem:
            try:
                answer = await explain(
                    visit, instance, asked["sql"], asked["user"], asked["source"], asked["schema"]
                )
            except ControlError as error:
                problem = f"{error.message}. {error.hint}"
    template = "tester_answer.html" if visit.partial and request.method == "POST" else "tester.html"
    return visit.page(template, asked=asked, explanation=answer, problem=problem)


def _problem(asked: dict[str, str]) -> str:
    if not asked["sql"]:
        return "Enter a statement."
    if len(asked["sql"]) > MOST_SQL:
        return f"The statement has more than {MOST_SQL:,} characters."
    if not asked["user"]:
        return "Enter the database user who sends it."
    try:
        ipaddress.ip_address(asked["source"])
    except ValueError:
        return f"{asked['source'][:60]!r} is no IP address such as 10.0.0.7 or fd00::7."
    return ""
