"""The end of a session on an operator's word: here at once, and then on the server, where a statement may run on that nobody
waits for any more."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from dbgate.control.messages import KillResult
from dbgate.gateway.catalog_source import GONE, CatalogError, ServerThread, end_thread
from dbgate.workers.catalogs import Catalogs
from dbgate.workers.crew import Crew
from dbgate.workers.messages import Killed

LOG: Final = logging.getLogger("dbgate.workers")

SERVER_SECONDS: Final = 2.0  # for the server; whoever asked waits so long
_LATE: Final = "it did not answer in time"
_NO_ACCOUNT: Final = "no account is set that could end it there (catalog_user)"
_CLOSED: Final = "both connections are closed"


class Ending:
    """crew: who has the sessions; catalogs: whose account ends what they left running."""

    def __init__(self, crew: Crew, catalogs: Catalogs) -> None:
        self._crew = crew
        self._catalogs = catalogs

    async def end(self, session_id: str) -> KillResult | None:
        """Ends a session; None where there is none of that id. The answer says what became of its statement."""
        killed = await self._crew.kill(session_id)
        if killed is None:
            return None
        on_server, detail = await self._on_server(killed)
        return {"session_id": session_id, "killed": True, "detail": detail, "on_server": on_server}

    async def _on_server(self, killed: Killed) -> tuple[str, str]:
        if not killed.thread:
            return GONE, f"{_CLOSED}; it was not logged in, so nothing of it runs on the server"
        if not self._catalogs.configured:
            return _left(_NO_ACCOUNT)
        thread = ServerThread(killed.thread, killed.user, killed.port)
        try:
            async with asyncio.timeout(SERVER_SECONDS):
                outcome = await asyncio.to_thread(self._end, thread)
        except TimeoutError:
            outcome = _LATE
        except CatalogError as error:
            outcome = str(error)
        else:
            if outcome == GONE:
                return GONE, f"{_CLOSED}, and nothing of it runs on the server any more"
            return outcome, f"{_CLOSED}, and its statement was ended on the server"
        LOG.warning("a session's statement could not be ended on the server: %s", outcome)
        return _left(outcome)

    def _end(self, thread: ServerThread) -> str:
        """In a thread."""
        return end_thread(self._catalogs.source(), thread, SERVER_SECONDS)


def _left(why: str) -> tuple[str, str]:
    return "closed", f"{_CLOSED}; the server stops a statement that was running when it notices: {why}"
