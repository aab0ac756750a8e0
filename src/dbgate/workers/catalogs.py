"""The catalog of the server behind the gateway: read at the start, on a timer, and after each DDL statement that passed
the gateway; then handed to all workers. All of it in the supervisor, off the data path.

Columns are read while the policy in force grants rights by columns. Nobody tells of changed columns before that, and
none are kept behind it, so that no verdict is made with columns that may have changed meanwhile.

The last good one stays while the server cannot be read. Until there is a first one, what names a table or a routine is
blocked (docs/adr/0042).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from dbgate.config.settings import Settings
from dbgate.control.messages import CatalogInfo
from dbgate.errors import ConfigError
from dbgate.gateway.catalog_source import CatalogError, Source, read_catalog
from dbgate.gateway.certificates import load_contexts
from dbgate.sql.catalog import Catalog
from dbgate.sql.catalog_text import dump, without_columns
from dbgate.workers.background import in_background
from dbgate.workers.process import WorkerGone, WorkerProcess
from dbgate.workers.reload import NO_CATALOG_USER

LOG: Final = logging.getLogger("dbgate.workers")

RETRY_SECONDS: Final = 3.0  # after a reading that failed
TAKE_SECONDS: Final = 10.0  # for a worker to take a new one; a very large one takes a second
FIRST_SECONDS: Final = 10.0  # for which the start waits for it
COLUMNS_SECONDS: Final = 10.0  # for which a policy that is the first to need columns waits for them


class Catalogs:
    """workers: as they are now. text: the catalog of all workers as JSON, None = no account is configured for it;
    objects: how many views, routines and triggers are in it; tables: of how many it has the columns; problem: "" or why the
    last reading failed."""

    def __init__(self, settings: Settings, workers: Sequence[WorkerProcess]) -> None:
        self._settings = settings
        self._workers = workers
        self.certificates: dict[str, bytes] | None = None  # certificates.read_files; None = read at each look
        self.text: str | None = None
        self.objects = 0
        self.tables = 0
        self.problem = ""
        self.folded: bool | None = None  # lower_case_table_names is 1 or 2, None = not known
        self._read_at = 0.0  # monotonic seconds; 0 = never
        # worker's row: its process, the number of its last change
        self._changed: dict[int, tuple[int, int]] = {}
        self._due = asyncio.Event()
        self._again = False  # the next policy that is in force wants them read once more
        self._wanted = False  # columns: the policy in force needs them, or one that is about to be
        self._era = 0  # how often they were given up
        self._looked = asyncio.Event()  # for them, since they are wanted
        self._handing = asyncio.Lock()
        if settings.catalog_user:
            self.problem = "it has not been read yet"
            self.text = dump(Catalog((), missing=self.problem))

    @property
    def configured(self) -> bool:
        return self.text is not None

    async def first(self) -> None:
        """Before the workers start: one reading, for a bounded time."""
        if self.configured:
            try:
                async with asyncio.timeout(FIRST_SECONDS):
                    await self._refresh()
            except TimeoutError:
                LOG.error("the catalog was not read within %.0f s", FIRST_SECONDS)
            except Exception:  # as in `run`, which tries again
                LOG.exception("the look at the catalog failed")

    async def run(self) -> None:
        """Keeps it up to date, until it is cancelled."""
        while self.configured:
            wait = self._settings.catalog_refresh
            if self.problem:
                wait = min(wait, RETRY_SECONDS)
            try:
                async with asyncio.timeout(wait):
                    await self._due.wait()
            except TimeoutError:
                pass
            try:
                await self._refresh()
            except Exception:  # the next one may go better, and the last good one stays
                LOG.exception("the look at the catalog failed")
                await asyncio.sleep(RETRY_SECONDS)

    async def before(self, limits: bool) -> None:
        """A policy is about to be put in force. limits: it grants rights by columns. Waits for them, for a bounded time:
        until they are there, what it grants by columns is refused."""
        if not limits or self._wanted:
            return
        self._wanted = True
        if not self.configured:
            return
        self._again = True
        self._due.set()
        try:
            async with asyncio.timeout(COLUMNS_SECONDS):
                await self._looked.wait()
        except TimeoutError:
            LOG.error("the catalog's columns were not read within %.0f s", COLUMNS_SECONDS)

    async def follow(self, limits: bool) -> None:
        """A policy is in force, or the one before it has stayed. limits: as in `before`. Columns that nobody needs any more
        are gone behind it: nobody would tell of a change of them."""
        if limits and not self.configured:
            LOG.warning(NO_CATALOG_USER)
        if limits or not self._wanted:
            self._wanted = limits
            if self._again:  # changes of columns are told from now on: what was changed meanwhile was not
                self._again = False
                self._due.set()
            return
        self._wanted = self._again = False
        self._era += 1
        self._looked.clear()
        async with self._handing:
            if self.text is not None:
                self.tables = 0
                await self._put(await in_background(partial(without_columns, self.text)))

    def changed(self, row: int, pid: int, number: int) -> None:
        """A worker let a statement pass that may have changed what the catalog says; its session waits."""
        self._changed[row] = (pid, number)
        self._due.set()

    def describe(self) -> dict[str, object]:
        """For the health page. tables: those whose columns are known; age_s: seconds since it was read, -1 = never."""
        return {
            "objects": self.objects,
            "tables": self.tables,
            "age_s": self._age(),
            "problem": self.problem,
        }

    def words(self) -> str:
        """What is known of what stands behind names, for whoever asks why."""
        if not self.configured:
            return "the gateway has none: names alone are judged"
        if not self._read_at:
            return f"there is none yet: {self.problem}"
        columns = f"columns of {self.tables} tables, " if self.tables else ""
        return f"{self.objects} objects, {columns}{self._age()} s old"

    def info(self) -> CatalogInfo:
        """For the control API; not in the loop, for it may be large."""
        found = json.loads(self.text) if self.text is not None else None
        return {
            "configured": self.configured,
            "objects": self.objects,
            "age_s": self._age(),
            "problem": self.problem,
            "catalog": found,
        }

    def _age(self) -> int:
        return int(time.monotonic() - self._read_at) if self._read_at else -1

    @property
    def lacking(self) -> str:
        """ "" or why no client should be sent here: a catalog is wanted, and there has been none yet."""
        return self.problem if self.configured and not self._read_at else ""

    async def _refresh(self) -> None:
        self._due.clear()
        changed, self._changed = self._changed, {}
        era, columns = self._era, self._wanted
        try:
            try:
                catalog, text = await in_background(partial(self._read, columns))
            except CatalogError as error:
                self._failed(str(error))
                return
            if self.problem:
                LOG.info("the catalog is read: %d views, routines and triggers", len(catalog.bodies))
            self.problem = ""
            self._read_at = time.monotonic()
            self.objects = len(catalog.bodies)
            self.folded = catalog.folded
            async with self._handing:
                known = catalog.columns
                if era != self._era:
                    known = None
                    text = await in_background(partial(without_columns, text))
                self.tables = len(known.tables) if known is not None else 0
                await self._put(text)
        finally:
            if columns and era == self._era:
                self._looked.set()
            for worker in self._workers:
                if worker.row in changed and worker.pid == changed[worker.row][0]:
                    worker.settled(changed[worker.row][1])

    async def _put(self, text: str) -> None:
        """To every worker, unless they have it."""
        if text != self.text:
            self.text = text
            await asyncio.gather(*(self._hand_over(worker, text) for worker in self._workers))

    def _failed(self, why: str) -> None:
        if why != self.problem:
            kept = (
                "the last good one stays" if self._read_at else "what names a table or a routine is blocked"
            )
            LOG.error("the catalog cannot be read, %s: %s", kept, why)
        self.problem = why
        if not self._read_at:
            self.text = dump(Catalog((), missing=why))

    async def _hand_over(self, worker: WorkerProcess, text: str) -> None:
        try:
            async with asyncio.timeout(TAKE_SECONDS):
                await worker.take_catalog(text)
        except WorkerGone:
            return  # it starts again with the new one
        except TimeoutError:
            LOG.error("worker %d does not take the new catalog: it is ended and started again", worker.row)
            worker.crash()
        except Exception:  # whatever it is, no worker goes on with the old one
            LOG.exception("worker %d cannot take the new catalog: it is ended and started again", worker.row)
            worker.crash()

    def source(self) -> Source:
        """The server, as the account for the catalog reaches it; CatalogError. In a thread: it reads files."""
        settings = self._settings
        try:
            password = settings.catalog_password
            if settings.catalog_password_file:
                password = Path(settings.catalog_password_file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise CatalogError(f"catalog_password_file cannot be read: {error}") from None
        try:
            tls = load_contexts(settings, self.certificates).server
        except ConfigError as error:
            raise CatalogError(str(error)) from None
        return Source(
            settings.upstream,
            settings.catalog_user,
            password,
            settings.connect_timeout,
            tls,
            settings.upstream_tls_mode != "prefer",
        )

    def _read(self, columns: bool) -> tuple[Catalog, str]:
        """In a thread."""
        catalog = read_catalog(self.source(), columns)
        return catalog, dump(catalog)
