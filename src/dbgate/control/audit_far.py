"""Asking a gateway for records of its audit log: for whoever cannot read the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from dbgate.control.access import Unreachable
from dbgate.control.messages import AuditPage

if TYPE_CHECKING:
    from dbgate.control.client import ControlClient


def audit(client: ControlClient, asked: dict[str, str]) -> AuditPage:
    """One page of records, each of which has a time and an event. asked: parameters of GET /v1/audit; empty ones are left out.
    Refused: 404 it keeps no log that can be read, 429 too many ask, 400 a parameter makes no sense."""
    query = urlencode({name: value for name, value in asked.items() if value})
    path = f"/v1/audit?{query}" if query else "/v1/audit"
    page = cast(AuditPage, client._object("GET", path, kind=AuditPage))
    records = page["records"]
    whole = all(isinstance(one.get("time"), str) and isinstance(one.get("event"), str) for one in records)
    if not whole or len(page["cursors"]) != len(records):
        raise Unreachable(
            f"what answers at {client.path} is not dbgate's control API: its page of audit records is none",
            "name the gateway's own socket, or its https address",
        )
    return page
