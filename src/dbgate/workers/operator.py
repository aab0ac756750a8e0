"""What the control API may ask of a running gateway: control.api.Operator, on top of the supervisor."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import Final

from dbgate import __version__
from dbgate.control.api import NotWritable, ReloadRefused
from dbgate.control.audit_page import AuditReader
from dbgate.control.auditlog import Search
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
    RollbackResult,
    SessionInfo,
)
from dbgate.errors import PolicyError
from dbgate.stats.snapshot import Stats
from dbgate.workers.ending import Ending
from dbgate.workers.explaining import Explainer
from dbgate.workers.supervisor import Supervisor
from dbgate.workers.versions import CannotWrite, rfc3339

LOG: Final = logging.getLogger("dbgate.workers")


class GatewayOperator:
    """supervisor: of this instance."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._explainer = Explainer(supervisor)
        self._ending = Ending(supervisor.crew, supervisor.catalogs)
        self._audit = AuditReader()

    async def stats(self) -> Stats:
        stats = self._supervisor.stats.stats(time.monotonic(), int(time.time() * 1000))
        history = self._supervisor.policy_life.history
        stats["policy"] = {
            "version": self._supervisor.policies.version,
            "number": history.live,
            "loads": history.loads,
            "refusals": history.refusals,
            "refused": history.refused is not None,
        }
        return stats

    async def sessions(self) -> list[SessionInfo]:
        return [_session(found) for found in await self._supervisor.crew.sessions()]

    async def kill(self, session_id: str, author: str) -> KillResult | None:
        result = await self._ending.end(session_id)
        if result is None:
            return None
        LOG.info("session %s was ended by %s: %s", session_id, author, result["detail"])
        version = self._supervisor.policies.version
        self._supervisor.journal.write("session.kill", f"ended by {author}", version, "allow", session_id)
        return result

    async def policy_info(self) -> PolicyInfo:
        policies = self._supervisor.policies
        return {
            "file": policies.path,
            "version": policies.version,
            "loaded_at": rfc3339(policies.loaded_at) if policies.loaded_at else "",
            "problems": list(policies.last_problems),
        }

    async def catalog(self) -> CatalogInfo:
        return await asyncio.to_thread(self._supervisor.catalogs.info)

    async def reload(self, author: str) -> ReloadResult:
        outcome = await self._supervisor.reload_policy(author)
        if not outcome.ok:
            raise ReloadRefused(list(outcome.problems), outcome.version)
        return {"version": outcome.version, "previous": outcome.previous, "changed": outcome.changed}

    async def policy_versions(self) -> PolicyVersions:
        return await asyncio.to_thread(self._supervisor.policy_life.history.describe)

    async def policy_version(self, number: int) -> PolicyText | None:
        return await asyncio.to_thread(self._supervisor.policy_life.history.text, number)

    async def policy_diff(self, first: int, second: int) -> PolicyDiff | None:
        return await asyncio.to_thread(self._supervisor.policy_life.history.diff, first, second)

    async def policy_rollback(self, number: int, author: str) -> RollbackResult | None:
        try:
            found = await self._supervisor.policy_life.roll_back(number, author)
        except CannotWrite as error:
            raise NotWritable(str(error)) from None
        except PolicyError as error:
            problems = [str(problem) for problem in error.problems]
            raise ReloadRefused(problems, self._supervisor.policies.version) from None
        if found is None:
            return None
        version, outcome = found
        if not outcome.ok:
            raise ReloadRefused(list(outcome.problems), outcome.version)
        return {
            "number": self._supervisor.policy_life.history.live,
            "of": version.number,
            "version": outcome.version,
            "previous": outcome.previous,
            "changed": outcome.changed,
        }

    async def policy_explain(self, asked: ExplainBody) -> ExplainAnswer | None:
        return await self._explainer.explain(asked)

    async def audit(self, wanted: Search, limit: int, cursor: str) -> AuditPage | None:
        path = _absolute(self._supervisor.settings.audit_log)
        return await self._audit.read(path, wanted, limit, cursor) if path else None

    async def health(self) -> HealthInfo:
        state = await self._supervisor.health()
        return {
            "status": "ok" if state.alive and not state.reasons else "unavailable",
            "reasons": list(state.reasons),
            "version": __version__,
            "instance": self._supervisor.instance,
            "details": {**state.details, "audit_log": _absolute(self._supervisor.settings.audit_log)},
        }


def _session(found: dict[str, object]) -> SessionInfo:
    """A gate's own words as the API says them."""
    connected = found["connected_at"]
    return {
        "session_id": str(found["session_id"]),
        "client_ip": str(found["client_ip"]),
        "client_port": int(str(found["client_port"])),
        "db_user": str(found["db_user"]),
        "db_name": str(found["db_name"]),
        "connected_at": rfc3339(connected) if isinstance(connected, float) else "",
        "state": str(found["state"]),
        "queries": int(str(found["queries"])),
        "blocked": int(str(found["blocked"])),
        "last_digest": str(found["last_digest"]),
        "tls": bool(found["tls"]),
        "cert_subject": str(found["cert_subject"]),
    }


def _absolute(path: str) -> str:
    """Where the audit log is, for whoever reads it on this machine; "" where it is no file."""
    return os.path.abspath(path) if path not in ("", "-") else ""
