"""A browser before the real dashboard, before a real server and two real gateways: one is asked by its socket, the other over
HTTPS, as one on another machine is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dbgate.control.tokens import OPERATOR, make
from dbgate.dashboard.users import set_password
from tests.servers.gateway import START_SECONDS, Gateway
from tests.servers.mariadb import MariaDB
from tests.servers.ports import free_port
from tests.servers.tls import Certificates
from tests.shell.dashboard.pages import HASHER, PASSWORD, ROLES

with contextlib.suppress(ImportError):  # test_dashboard.py skips, and says so
    from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

POLICY = """version: 1
global: {default_schema: test}
access_control:
  - name: app
    user: [app, "a_service_*"]
    allowed_tables: ["*"]
    allowed_operations: ["*"]
    blocked_operations: [TRUNCATE]
sql_rules: {injection: {detectors: []}, require_where: [DELETE]}
data_protection: {block_schema_access: false}
"""
LONG_NAME = "a_service_of_the_finance_department_that_someone_gave_this_name_"
LONG_STATEMENT = f"DELETE FROM test.{'x' * 60} ORDER BY " + ", ".join(f"and_so_on_{n}" for n in range(140))
PATIENCE_MS = 40_000.0  # two slow cores, and other tests beside this one


class Dashboard:
    """The real command. url: where it is; folder: holds users.yaml and actions.jsonl."""

    def __init__(self, sockets: dict[str, Path | str], environment: dict[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dbgate-dashboard-"))
        self.users = self.folder / "users.yaml"
        self.actions = self.folder / "actions.jsonl"
        for name, role in ROLES.items():
            set_password(str(self.users), name, role, PASSWORD, HASHER)
        command = [
            sys.executable,
            "-X",
            "dev",
            "-m",
            "dbgate.dashboard.main",
            "serve",
            "--listen",
            "127.0.0.1:0",
        ]
        command += ["--users", str(self.users), "--action-log", str(self.actions)]
        for name, path in sockets.items():
            command += ["--socket", f"{name}={path}"]
        setpriv = shutil.which("setpriv")
        if setpriv:  # a test run that is killed leaves nothing behind
            command = [setpriv, "--pdeathsig", "KILL", *command]
        self.log = open(self.folder / "log", "wb")  # noqa: SIM115  # closed in stop()
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, env={**os.environ, **(environment or {})}
        )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        found = re.search(r"http://\S+", self.process.stdout.readline().decode() if ready else "")
        if found is None:
            self.stop()
            raise RuntimeError("the dashboard did not start")
        self.url = found[0].rstrip("/")

    def acts(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.actions.read_text().splitlines()]

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


class Elsewhere:
    """What opens a gateway's HTTPS endpoint at `port`. settings: the gateway's; environment: of who asks it."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self._certificates = Certificates()
        folder = self._certificates.folder
        token, line = make("dashboard", OPERATOR)
        (folder / "token").write_text(token + "\n")
        (folder / "tokens").write_text(line + "\n")
        self.settings: dict[str, object] = {
            "control_listen": f"127.0.0.1:{self.port}",
            "control_tls_cert": self._certificates.issue("gateway.pem", "localhost"),
            "control_tokens": folder / "tokens",
        }
        self.environment = {
            "DBGATE_CONTROL_TOKEN_FILE": str(folder / "token"),
            "DBGATE_CONTROL_CA": str(self._certificates.ca),
        }

    def remove(self) -> None:
        self._certificates.remove()


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Elsewhere]:
    found = Elsewhere()
    yield found
    found.remove()


@pytest.fixture(scope="session")
def gateways(elsewhere: Elsewhere) -> Iterator[tuple[Gateway, Gateway]]:
    with MariaDB() as server:
        server.sql("CREATE TABLE IF NOT EXISTS test.orders (id INT PRIMARY KEY, total INT)")
        server.sql(
            f"CREATE USER {LONG_NAME} IDENTIFIED BY '{server.password}'; GRANT ALL ON *.* TO {LONG_NAME}"
        )
        with (
            Gateway(server, POLICY, instance="first") as first,
            Gateway(server, POLICY, instance="second", **elsewhere.settings) as second,
        ):
            blocked = ("DELETE FROM test.orders", "TRUNCATE test.orders", LONG_STATEMENT)
            for gateway, user in ((first, server.user), (second, LONG_NAME)):
                with gateway.connect(user=user) as connection, connection.cursor() as cursor:
                    for text in ("SELECT * FROM test.orders", *blocked):
                        try:
                            cursor.execute(text)
                        except Exception as error:
                            assert "dbgate" in str(error), error
                gateway.wait_records(3, event="query.blocked")
            yield first, second


@pytest.fixture(scope="session")
def dashboard(gateways: tuple[Gateway, Gateway], elsewhere: Elsewhere) -> Iterator[Dashboard]:
    found = Dashboard({"first": gateways[0].control, "second": elsewhere.url}, elsewhere.environment)
    yield found
    found.stop()
    shutil.rmtree(found.folder, ignore_errors=True)


class Visitor:
    """A browser's window. errors: what its console said was wrong, under the strict CSP; expected: it is cut off from
    now on, and the browser may say so."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.errors: list[str] = []
        self.expected = False
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.note(str(error)))
        self.page.on(
            "console",
            lambda message: self.note(message.text) if message.type in ("error", "warning") else None,
        )

    def note(self, error: str) -> None:
        if not self.expected:
            self.errors.append(error)

    def go(self, path: str) -> int:
        """To a page; its status."""
        answer = self.page.goto(self.url + path)
        assert answer is not None
        return answer.status

    def log_in(self, user: str) -> None:
        self.go("/login")
        self.page.get_by_label("Name").fill(user)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("navigation", name="Pages")).to_be_visible()
        self.page.wait_for_load_state()  # the page can be seen before its scripts have run

    def log_out(self) -> None:
        self.page.get_by_role("button", name="Log out").click()
        expect(self.page.get_by_label("Password")).to_be_visible()


class Visitors:
    """Opens windows."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._open: list[Visitor] = []

    def __call__(self, user: str = "", width: int = 1280, theme: Any = "light", url: str = "") -> Visitor:
        context = self._browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme)
        visitor = Visitor(context, url or self._url)
        self._open.append(visitor)
        if user:
            visitor.log_in(user)
        return visitor

    def close(self) -> list[str]:
        """Closes them; what their consoles complained about."""
        for visitor in self._open:
            visitor.context.close()
        return [error for visitor in self._open for error in visitor.errors]


@pytest.fixture
def visit(chromium: Browser, dashboard: Dashboard) -> Iterator[Visitors]:
    visitors = Visitors(chromium, dashboard.url)
    yield visitors
    errors = visitors.close()
    assert errors == []
