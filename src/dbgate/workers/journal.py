"""The supervisor's own audit records: policy.reload and alert. Same file and same form as the workers'."""

from __future__ import annotations

import logging
import time
from typing import Final

from dbgate.audit.record import Record
from dbgate.config.settings import Settings
from dbgate.sinks.audit_file import AuditFile
from dbgate.workers import log
from dbgate.workers.policies import Outcome

LOG: Final = logging.getLogger("dbgate.workers")


class Journal:
    """settings, instance: as for the workers' audit logs. Where there is no audit log, it does nothing."""

    def __init__(self, settings: Settings, instance: str) -> None:
        self._file: AuditFile | None = None
        if settings.audit_log:
            self._file = AuditFile(
                settings.audit_log,
                instance,
                lambda at: at + log.wall_offset(),
                max_bytes=settings.audit_max_size,
                max_files=settings.audit_max_files,
                sync_every=settings.audit_sync,
            )

    def start(self) -> None:
        if self._file is not None:
            self._file.start()

    def write(
        self, event: str, reason: str, policy_version: str, decision: str = "", session_id: str = ""
    ) -> None:
        """One record that no client caused. session_id: "" = it is about none."""
        if self._file is None:
            return
        record = Record(event, time.monotonic(), session_id, "", "", 0)
        record.reason = reason
        record.policy_version = policy_version
        record.decision = decision
        self._file.put(record)

    def reloaded(self, outcome: Outcome, author: str) -> None:
        """policy.reload: who asked for it, and what came of it."""
        if outcome.ok:
            reason = f"asked for by {author}; before: {outcome.previous or 'none'}"
        else:
            reason = f"asked for by {author}; refused: {'; '.join(outcome.problems)}"
        self.write("policy.reload", reason, outcome.version, "allow" if outcome.ok else "block")

    def reopen(self) -> None:
        if self._file is not None:
            self._file.reopen()

    def close(self) -> None:
        """Writes what waits. May block: not for the loop."""
        if self._file is not None:
            self._file.close(2.0)
