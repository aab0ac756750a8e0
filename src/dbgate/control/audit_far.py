"""Asking a gateway for records of its audit log: for whoever cannot read the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from dbgate.control.access import Unreachable

if TYPE_CHECKING:
    from dbgate.control.audit_page import AuditPage
    from dbgate.control.client import ControlClient


def audit(client: ControlClient, asked: dict[str, str]) -> AuditPage:
    """One page of records. asked: parameters of GET /v1/audit; empty ones are left out. Refused: 404 it keeps no log that can
    be read, 429 too many ask, 400 a parameter makes no sense."""
    query = urlencode({name: value for name, value in asked.items() if value})
    page = client._object("GET", f"/v1/audit?{query}" if query else "/v1/audit")
    if not _fits(page):
        raise Unreachable(
            f"what answers at {client.path} is not dbgate's control API: its page of audit records is none",
            "name the gateway's own socket, or its https address",
        )
    return cast("AuditPage", page)


def _fits(page: dict[str, Any]) -> bool:
    """Whether it has all that a page has: what answers may be anything."""
    records, cursors, trouble = (page.get(name) for name in ("records", "cursors", "trouble"))
    return (
        isinstance(records, list)
        and all(
            isinstance(one, dict) and isinstance(one.get("time"), str) and isinstance(one.get("event"), str)
            for one in records
        )
        and isinstance(cursors, list)
        and len(cursors) == len(records)
        and all(isinstance(one, str) for one in cursors)
        and isinstance(trouble, list)
        and all(isinstance(one, str) for one in trouble)
        and isinstance(page.get("start"), str)
        and isinstance(page.get("older"), str)
        and isinstance(page.get("reached"), str)
    )
