"""`audit.on_failure: block`: while records cannot be kept, no statement passes.

Nothing of it is on a statement's way: the brain is halted and let go by a look ten times a second, and at once when the
audit log's writer meets an error or has overcome it. What was let through before the halt is kept past the queue's
bounds (audit.queue), so how soon the look comes decides on memory, not on records.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, Protocol

LOG: Final = logging.getLogger("dbgate.workers")

LOOK: Final = 0.1  # seconds
FULL: Final = 0.9  # of the queue: the writer is too slow
ROOM: Final = 0.5  # … and has caught up
# Looks after which the file for records on their way is asked for again, where it could not be had
AGAIN: Final = 20


class Audit(Protocol):
    """What is needed of sinks.audit_file.AuditFile."""

    strict: bool
    failing: str

    def level(self) -> float: ...


class RequiredRecords:
    """audit: the log, None = audit_log is off; halt(why): lets no statement pass, "" = lets them pass again;
    mark(yes): says so where the supervisor sees it."""

    def __init__(
        self,
        audit: Audit | None,
        halt: Callable[[str], None],
        mark: Callable[[bool], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._audit = audit
        self._halt = halt
        self._mark = mark
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._why = ""
        self._looks = 0

    def require(self, required: bool) -> None:
        """At each policy: whether it asks for a record of every statement."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._audit is not None:
            self._audit.strict = required
        if required:
            self._look()
        else:
            self._set("")

    def soon(self) -> None:
        """From any thread: something has changed."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._now)

    def close(self) -> None:
        """No look after this."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = self._loop.call_later(LOOK, self._look)
        self._looks += 1
        if self._looks % AGAIN == 0 and self._audit is not None:
            self._audit.strict = True
        self._now()

    def _now(self) -> None:
        if self._timer is not None:
            self._set(self._trouble())

    def _trouble(self) -> str:
        audit = self._audit
        if audit is None:
            return "audit.on_failure is block, and audit_log is off: set audit_log"
        if failing := audit.failing:
            return f"the audit log cannot be written: {failing}"
        level = audit.level()
        if level >= FULL or (self._why and level >= ROOM):
            return "the audit log is written too slowly: too many records wait"
        return ""

    def _set(self, why: str) -> None:
        if why == self._why:
            return
        if not self._why:
            LOG.error("no statement passes: %s (audit.on_failure: block)", why)
        elif not why:
            LOG.warning("statements pass again: records are kept")
        self._why = why
        self._halt(why)
        self._mark(why != "")
