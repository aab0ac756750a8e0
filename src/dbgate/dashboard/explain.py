"""Asking a gateway what its policy says about a statement, and the tester page."""

from __future__ import annotations

import ipaddress
from typing import Any, Final

from starlette.responses import Response

from dbgate.control.client import ControlError, Refused
from dbgate.dashboard.fleet import Instance
from dbgate.dashboard.web import Visit

MOST_SQL: Final = 100_000
EXPLAIN_SECONDS: Final = 20.0  # a long statement takes its time
OTHER_DIGEST: Final = "as the log has it, the statement has another digest than it had when it was sent: it may be judged otherwise"
_TOO_OLD: Final = ("no-such-path", "wrong-method")


async def explain(visit: Visit, instance: Instance, asked: dict[str, object]) -> dict[str, Any]:
    """The gateway's own explanation. asked: fields of control.messages.ExplainBody; a session that is not open any more is
    left out. ControlError where there is none."""
    client = instance.client(visit.user.name, timeout=EXPLAIN_SECONDS)
    run = visit.site.fleet.run
    try:
        try:
            answer = await run(client.policy_explain, asked)
        except Refused as error:
            if error.code != "no-such-session" or not asked.get("session_id"):
                raise
            answer = await run(client.policy_explain, {**asked, "session_id": None})
    except Refused as error:
        if error.code not in _TOO_OLD:
            raise
        message = f"{instance.name} cannot explain"
        raise Refused(error.status, error.code, message, "Upgrade that gateway.", []) from None
    return {**answer, "instance": instance.name}


async def explain_record(visit: Visit, instance: Instance, record: dict[str, Any]) -> dict[str, Any]:
    """What the present policy says about a statement of the audit log, with what its detectors found then."""
    statement = str(record.get("statement", ""))
    asked: dict[str, object] = {
        "sql": statement,
        "user": str(record.get("db_user", "")),
        "source": str(record.get("client_ip", "")) or None,
        "schema": str(record.get("db_schema", "")),
        "session_id": str(record.get("session_id", "")) or None,
    }
    if "?" in statement:
        asked.update(masked=True, detections=[str(name) for name in record.get("detections") or []])
    answer = await explain(visit, instance, asked)
    digest = str(record.get("digest", ""))
    if digest and answer.get("digest") != digest:
        answer["notes"] = [*answer.get("notes", []), OTHER_DIGEST]
    return answer


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
                question = {name: asked[name] for name in ("sql", "user", "source", "schema")}
                answer = await explain(visit, instance, dict(question))
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
