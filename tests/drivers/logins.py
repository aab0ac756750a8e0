"""One login of each client of the drivers' tests, with TLS or without it: what the tests of TLS try by turns."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests.drivers import zoo

CLIENTS = (
    "pymysql", "mariadb-cli", "connector-pure", "connector-c", "mysqlclient", "asyncmy", "sqlalchemy", "django",
    "mysql2",
)  # fmt: skip
# Oracle's library sends a password over TLS only.
NEEDS_TLS = ("connector-pure", "connector-c")
MYSQL2 = """
const [port, user, password, ca] = process.argv.slice(1);
const ssl = ca ? { ca: require("fs").readFileSync(ca) } : undefined;
const connection = require("mysql2").createConnection({ host: "127.0.0.1", port: Number(port), user, password, ssl });
connection.query({ sql: "SELECT 7", rowsAsArray: true }, (error, rows) => {
  if (error) { console.error(String(error.errno), error.message); process.exit(1); }
  console.log(rows[0][0]);
  connection.end();
});
"""


def present() -> list[str]:
    """Those of CLIENTS that are installed here; PyMySQL always is. The drivers' own tests say which are missing."""
    found = []
    for client in CLIENTS:
        try:
            zoo.command(client)
        except pytest.skip.Exception as missing:
            print(f"without {client}: {missing}")
        else:
            found.append(client)
    assert "pymysql" in found
    return found


def log_in(client: str, port: int, user: str, password: str, ca: Path | None) -> str:
    """Logs in with TLS, checked (ca), or in clear, and gives what SELECT says. RuntimeError with the client's words."""
    if client == "pymysql":
        options: dict[str, Any] = {"ssl_disabled": True}
        if ca:
            options = {"ssl_ca": str(ca), "ssl_verify_cert": True, "ssl_verify_identity": True}
        return _ask(
            lambda: pymysql.connect(host="127.0.0.1", port=port, user=user, password=password, **options)
        )
    if client == "mariadb-cli":
        binary = shutil.which("mariadb")
        if binary is None:
            pytest.skip("the mariadb command line is not installed")
        command = [binary, "--no-defaults", "-h127.0.0.1", f"-P{port}", f"-u{user}", f"-p{password}", "-NB"]
        command += ["--ssl", f"--ssl-ca={ca}", "--ssl-verify-server-cert"] if ca else ["--skip-ssl"]
        done = subprocess.run([*command, "-e", "SELECT 7"], capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()
    if client == "mysql2":
        program, environment = zoo.command(client)
        command = [program[0], "-e", MYSQL2]
    else:
        _, environment = zoo.command(client)
        command = [sys.executable, "-m", "tests.drivers.clients.tls_login", client]
    done = subprocess.run(
        [*command, str(port), user, password, str(ca or "")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


def _ask(connect: Callable[[], Any]) -> str:
    try:
        connection = connect()
    except Exception as error:
        raise RuntimeError(str(error)) from error
    cursor = connection.cursor()
    cursor.execute("SELECT 7")
    answer = str(cursor.fetchall()[0][0])
    cursor.close()
    connection.close()
    return answer
