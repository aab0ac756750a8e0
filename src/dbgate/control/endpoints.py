"""The verbs of the control API, as a table: routes, authorisation and the OpenAPI document are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dbgate.control.messages import HealthInfo, KillResult, PolicyInfo, ReloadResult, SessionList
from dbgate.stats.snapshot import Stats

MAX_SESSION_ID: Final = 128


@dataclass(frozen=True, slots=True)
class Endpoint:
    """verb: its name in the authorisation table; answer: the type of a success; errors: other statuses and when."""

    method: str
    path: str
    verb: str
    summary: str
    answer: type
    errors: tuple[tuple[int, str], ...] = ()


ENDPOINTS: Final = (
    Endpoint("GET", "/v1/openapi.json", "openapi", "This API's description", dict),
    Endpoint(
        "GET",
        "/v1/health",
        "health",
        "Whether clients may be sent here",
        HealthInfo,
        ((503, "They may not; the body says why"),),
    ),
    Endpoint("GET", "/v1/stats", "stats", "Counters and rates over all workers", Stats),
    Endpoint("GET", "/v1/sessions", "sessions", "Every open client session", SessionList),
    Endpoint(
        "POST",
        "/v1/sessions/{session_id}/kill",
        "sessions.kill",
        "End a session",
        KillResult,
        ((404, "There is no such session"),),
    ),
    Endpoint("GET", "/v1/policy", "policy", "The policy that is live", PolicyInfo),
    Endpoint(
        "POST",
        "/v1/policy/reload",
        "policy.reload",
        "Read the policy file again and put it live in every worker",
        ReloadResult,
        ((422, "The file was refused; the running policy stays"),),
    ),
)
