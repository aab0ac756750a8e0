"""The verbs of the control API, as a table: routes, authorisation and the OpenAPI document are made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from dbgate.control.audit_page import PARAMETERS
from dbgate.control.messages import (
    AuditPage,
    CatalogInfo,
    ExplainAnswer,
    ExplainBody,
    HealthInfo,
    KillResult,
    PolicyDiff,
    PolicyInfo,
    PolicyText,
    PolicyVersions,
    ReloadResult,
    RollbackBody,
    RollbackResult,
    SessionList,
)
from dbgate.stats.snapshot import Stats

MAX_SESSION_ID: Final = 128
MAX_NUMBER: Final = 999_999_999  # of a policy version
MAX_BODY: Final = 4 << 20  # bytes sent with a request


@dataclass(frozen=True, slots=True)
class Endpoint:
    """verb: its name in the authorisation table; answer: the type of a success; errors: other statuses and when;
    body: the type of what is sent with it; numbers: parameters of the query, all of them required and whole numbers; may:
    those that may be left out, with their JSON schemas."""

    method: str
    path: str
    verb: str
    summary: str
    answer: type
    errors: tuple[tuple[int, str], ...] = ()
    body: type | None = None
    numbers: tuple[str, ...] = ()
    may: dict[str, dict[str, Any]] = field(default_factory=dict)


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
    Endpoint("GET", "/v1/catalog", "catalog", "What stands behind the names of the server", CatalogInfo),
    Endpoint(
        "POST",
        "/v1/policy/reload",
        "policy.reload",
        "Read the policy file again and put it live in every worker",
        ReloadResult,
        ((422, "The file was refused; the running policy stays"),),
    ),
    Endpoint(
        "GET",
        "/v1/policy/versions",
        "policy.versions",
        "The policies that were loaded, newest first",
        PolicyVersions,
    ),
    Endpoint(
        "GET",
        "/v1/policy/versions/{number}",
        "policy.version",
        "One of them, with its text",
        PolicyText,
        ((404, "There is no such version"),),
    ),
    Endpoint(
        "GET",
        "/v1/policy/diff",
        "policy.diff",
        "What differs between two versions",
        PolicyDiff,
        ((404, "There is no such version"),),
        numbers=("from", "to"),
    ),
    Endpoint(
        "POST",
        "/v1/policy/rollback",
        "policy.rollback",
        "Put an earlier version's text into the policy file, as a new version, and put it live",
        RollbackResult,
        (
            (404, "There is no such version"),
            (409, "The policy file cannot be written"),
            (422, "That version is no valid policy any more; the running policy stays"),
        ),
        body=RollbackBody,
    ),
    Endpoint(
        "POST",
        "/v1/policy/explain",
        "policy.explain",
        "What the gateway would do with a statement, and why",
        ExplainAnswer,
        ((404, "There is no such session"),),
        body=ExplainBody,
    ),
    Endpoint(
        "GET",
        "/v1/audit",
        "audit",
        "Records of the audit log, the newest first",
        AuditPage,
        ((404, "It keeps no audit log that can be read"), (429, "Too many ask for records")),
        may=PARAMETERS,
    ),
)
