"""A dashboard without a socket of its own, before gateways that are fakes on real Unix sockets."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from argon2 import PasswordHasher

from dbgate.control.messages import HealthInfo
from dbgate.dashboard.app import Dashboard
from dbgate.dashboard.fleet import Fleet, Instance
from dbgate.dashboard.journal import ActionLog
from dbgate.dashboard.logins import Logins
from dbgate.dashboard.users import Users, set_password
from dbgate.dashboard.web import Site
from tests.unit.control.fake import FakeOperator

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse"
EVENT = "01M837Y5646H237SQ1Z692PPKJ"
ROLES = {"vic": "viewer", "olga": "operator", "ada": "admin"}


@cache
def _users_file() -> str:
    """The text of a users file with one user of each role, made once."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "users.yaml"
        for name, role in ROLES.items():
            set_password(str(path), name, role, PASSWORD, HASHER)
        return path.read_text()


class Gateway(FakeOperator):
    """A fake that tells where its audit log is. tells: what it says of it, which may be a path of another machine."""

    def __init__(self, audit_log: str) -> None:
        super().__init__()
        self.audit_log = self.tells = audit_log

    async def health(self) -> HealthInfo:
        health = await super().health()
        health["details"]["audit_log"] = self.tells
        return health


def line(**changes: Any) -> dict[str, Any]:
    """A record of the audit log."""
    return {
        "time": "2026-11-23T03:42:01.412567Z",
        "event": "query.blocked",
        "event_id": EVENT,
        "instance": "gw1",
        "session_id": "a-1",
        "db_user": "app",
        "client_ip": "10.0.0.7",
        "db_schema": "shop",
        "tables": ["shop.payroll"],
        "statement": "SELECT salary FROM payroll WHERE id = ?",
        "digest": "0123456789abcdef0123456789abcdef",
        "decision": "block",
        "rule": "table-denied",
        "rule_line": 3,
        "reason": "SELECT on shop.payroll is not granted",
        **changes,
    }


def write_log(path: Path, records: list[dict[str, Any]]) -> None:
    """An audit log of these records, oldest first."""
    path.write_text("".join(json.dumps(one, separators=(",", ":")) + "\n" for one in records))


class Pages:
    """Asks a dashboard as one browser does, with its cookies. `answer` is the latest one."""

    def __init__(self, folder: Path, sockets: dict[str, Path], secure: bool = False) -> None:
        self.users = folder / "users.yaml"
        self.actions = folder / "actions.jsonl"
        if not self.users.exists():
            self.users.write_text(_users_file())
            self.users.chmod(0o600)
        self.loop = asyncio.Runner()
        self.fleet = Fleet([Instance(name, str(path)) for name, path in sockets.items()])
        self.logins = Logins(900, 43_200)
        self.site = Site(
            self.fleet,
            Users(str(self.users), HASHER),
            self.logins,
            ActionLog(str(self.actions), lambda: 1_800_000_000.0),
            secure,
        )
        self.dashboard = Dashboard(self.site)
        transport = httpx.ASGITransport(app=self.dashboard.asgi, client=("10.1.1.1", 5000))
        base = "https://dash" if secure else "http://dash"
        self.browser = httpx.AsyncClient(transport=transport, base_url=base)
        self.look()

    def look(self) -> None:
        """One look at every gateway."""

        async def all_of_them() -> None:
            for instance in self.fleet.instances:
                await self.fleet.look_at(instance)

        self.loop.run(all_of_them())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.loop.run(self.browser.get(path, headers=headers))

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        return self.loop.run(self.browser.post(path, data=fields or {}, headers=headers))

    def log_in(self, user: str, password: str = PASSWORD, onward: str = "/") -> httpx.Response:
        """Through the form, as a browser does."""
        form = self.get("/login").text
        token = re.search(r'name="token" value="([0-9a-f]+)"', form)
        assert token is not None
        return self.post("/login", {"user": user, "password": password, "token": token[1], "next": onward})

    def csrf(self) -> str:
        """The token of the forms of whoever is logged in."""
        found = re.search(r'<meta name="csrf" content="([^"]+)"', self.get("/tester").text)
        assert found is not None
        return found[1]

    def acts(self) -> list[dict[str, Any]]:
        """What the action log says."""
        return [json.loads(text) for text in self.actions.read_text().splitlines()]

    def close(self) -> None:
        self.loop.run(self.browser.aclose())
        self.loop.run(self.fleet.stop())
        self.site.actions.close()
        self.loop.close()


@contextmanager
def pages(folder: Path, sockets: dict[str, Path], secure: bool = False) -> Iterator[Pages]:
    found = Pages(folder, sockets, secure)
    try:
        yield found
    finally:
        found.close()
