"""Asking a gateway what its policy says about a statement, and the tester page."""

from __future__ import annotations

import ipaddress
from typing import Any, Final

from starlette.responses import Response

from dbgate.control.client import ControlError, Refused
from dbgate.dashboard.fleet import Instance
from dbgate.dashboard.web import Visit

MOST_SQL: Final = 100_000
_TOO_OLD: Final = ("no-such-path", "wrong-method")


async def explain(
    visit: Visit, instance: Instance, sql: str, user: str, source: str, schema: str, masked: bool = False
) -> dict[str, Any]:
    """The explanation, by the live policy's text (judge.py). masked: question marks stand for values. ControlError where
    there is none."""
    client = instance.client(visit.user.name)
    run = visit.site.fleet.run
    try:
        versions = await run(client.policy_versions)
        if not versions["live"]:
            raise Refused(404, "no-policy", f"{instance.name} has no policy: everything is refused", "", [])
        text = await run(client.policy_version, versions["live"])
    except Refused as error:
        if error.code not in _TOO_OLD:
            raise
        message = f"{instance.name} does not tell its policy"
        raise Refused(error.status, error.code, message, "Upgrade that gateway.", []) from None
    async with visit.site.judging:
        answer = await run(visit.site.judge.explain, text, sql, user, source, schema, masked)
    return {**answer, "instance": instance.name}


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
