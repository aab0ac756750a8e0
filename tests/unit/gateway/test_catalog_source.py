"""What is asked of the server for its catalog, and which answers are no catalog. Real servers: tests/integration."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any

import pymysql
import pytest

from dbgate.config.parse import Address
from dbgate.gateway import catalog_source as module
from dbgate.gateway.catalog_source import (
    GONE,
    KILLED,
    CatalogError,
    ServerThread,
    Source,
    end_thread,
    read_catalog,
)
from dbgate.sql.catalog import PROCEDURE, TRIGGER, VIEW, Catalog

RIGHTS = ("SELECT", "SHOW VIEW", "TRIGGER", "SHOW_ROUTINE")
SOURCE = Source(Address("127.0.0.1", 3306), "seer", "pw", 5.0)


class Server:
    """Answers by the beginning of a question; an exception is raised."""

    def __init__(
        self, version: str = "10.11.6-MariaDB", folding: int = 0, rights: Sequence[str] = RIGHTS
    ) -> None:
        self.answers: dict[str, Any] = {
            "SET SESSION": (),
            "SELECT VERSION()": ((version, folding, "seer@%"),),
            "SELECT privilege_type": tuple((right,) for right in rights),
            "SHOW GRANTS": (("GRANT SELECT ON *.* TO `seer`@`%`",),),
            "SELECT table_schema": (),
            "SELECT routine_schema": (),
            "SELECT event_object_schema": (),
            "SELECT name FROM mysql.func": (("UDF",),),
            "SELECT udf_name": pymysql.err.ProgrammingError(1146, "no such table"),
        }
        self.asked: list[str] = []
        self.closed = 0
        self.rows: Any = ()
        self.options: dict[str, Any] = {}
        self.no_tls = False

    def connect(self, **options: Any) -> Server:
        self.options = options
        if self.no_tls and options["ssl"] is not None:
            raise pymysql.err.OperationalError(2026, "SSL is required but the server doesn't support it")
        return self

    def cursor(self) -> Server:
        return self

    def close(self) -> None:
        self.closed += 1

    def execute(self, question: str, values: object) -> None:
        self.asked.append(question)
        for start, answer in self.answers.items():
            if question.startswith(start):
                if isinstance(answer, Exception):
                    raise answer
                self.rows = answer
                return
        raise AssertionError(question)

    def fetchall(self) -> Any:
        return self.rows


def read(server: Server, monkeypatch: pytest.MonkeyPatch, source: Source = SOURCE) -> Catalog:
    monkeypatch.setattr(module.pymysql, "connect", server.connect)
    return read_catalog(source)


def test_everything_that_a_catalog_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    server.answers |= {
        "SELECT table_schema": (("shop", "v", "select 1 AS `1`", "root@%", "INVOKER"),),
        "SELECT routine_schema": (
            ("shop", "p`q", "PROCEDURE", "ANSI_QUOTES", "root@%", "DEFINER", "SQL"),
            ("shop", "js", "FUNCTION", "", "root@%", "DEFINER", "EXTERNAL"),
            ("shop", "Pack", "PACKAGE", "", "root@%", "DEFINER", "SQL"),
        ),
        "SELECT event_object_schema": (("shop", "t", "tab", "INSERT", "", "root@%"), ("shop", "u", "tab", "DELETE", "", "x")),
        "SHOW CREATE PROCEDURE `shop`.`p``q`": (("p`q", "", 'CREATE PROCEDURE "p"() SELECT 1 FROM "s"'),),
        "SHOW CREATE FUNCTION `shop`.`js`": (("js", "", "CREATE FUNCTION js() RETURNS INT RETURN 1"),),
        "SHOW CREATE TRIGGER `shop`.`t`": (("t", "", "CREATE TRIGGER t AFTER INSERT ON tab FOR EACH ROW DELETE FROM log"),),
        "SHOW CREATE TRIGGER `shop`.`u`": (),
        "SHOW CREATE TABLE `shop`.`tab`": (("tab", "CREATE TABLE `tab` (\n  PERIOD FOR `p` (`a`, `b`)\n)"),),
    }  # fmt: skip
    catalog = read(server, monkeypatch)
    found = {(body.kind, body.name): body for body in catalog.bodies}
    assert found[VIEW, "v"].invoker
    procedure = found[PROCEDURE, "p`q"]
    assert [need.table for need in procedure.needs] == ["s"]
    assert catalog.functions["shop\0js"].problem == "it is written in EXTERNAL"
    assert found[TRIGGER, "t"].events == ("DELETE", "INSERT", "UPDATE")
    assert found[TRIGGER, "u"].events == ("DELETE",)
    assert found[TRIGGER, "u"].problem == "its definition is hidden from the catalog's account"
    assert (catalog.packages, catalog.loadable, catalog.folded) == ({"pack"}, {"udf"}, False)
    assert server.closed == 1
    assert server.options["ssl_disabled"] is True


def test_columns_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("10.11.6-MariaDB", "9.7.4"):
        server = Server(version)
        rows = (("shop", "t", 2, "Total"), ("shop", "t", 1, "id"), ("shop", "a", 1, "x"))
        server.answers = {"SELECT table_schema, table_name, ordinal_position": rows, **server.answers}
        assert read(server, monkeypatch).columns is None
        assert not any("information_schema.columns" in question for question in server.asked)
        found = read_catalog(SOURCE, True).columns
        assert found is not None
        assert found.tables == {"shop\0a": ("x",), "shop\0t": ("id", "total")}
        # MySQL hides the keys that it makes, unless it is told not to.
        assert any("gipk" in question for question in server.asked) == (version == "9.7.4")


def test_a_table_without_a_period_and_mysql_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for version, shown in (("10.11.6-MariaDB", (("tab", "CREATE TABLE `tab` ()"),)), ("9.7.4", None)):
        server = Server(version, 1)
        server.answers["SELECT event_object_schema"] = (("Shop", "t", "Tab", "INSERT", "", "root@%"),)
        server.answers["SHOW CREATE TRIGGER"] = ()
        if shown:
            server.answers["SHOW CREATE TABLE"] = shown
        catalog = read(server, monkeypatch)
        assert [body.events for body in catalog.triggers["shop\0tab"]] == [("INSERT",)]
        assert catalog.folded


def test_texts_without_a_character_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, problem in (
        (b"select 1 AS `a`", ""),
        ("select 1 AS `é`".encode(), "its text has no character set"),
    ):
        server = Server()
        server.answers["SELECT table_schema"] = (("shop", "v", text, "root@%", "DEFINER"),)
        assert read(server, monkeypatch).bodies[0].problem == problem


@pytest.mark.parametrize(
    ("version", "rights", "lacking"),
    [
        ("10.11.6-MariaDB", RIGHTS[:3], ""),
        ("8.0.19", RIGHTS[:3], ""),
        ("9.7.4", RIGHTS, ""),
        ("9.7.4", RIGHTS[:3], "SHOW_ROUTINE"),
        ("10.11.6-MariaDB", ("SELECT",), "SHOW VIEW, TRIGGER"),
        ("10.11.6-MariaDB", (), "SELECT, SHOW VIEW, TRIGGER"),
    ],
)
def test_an_account_must_see_everything(
    version: str, rights: Sequence[str], lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(version, rights=rights)
    if not lacking:
        assert read(server, monkeypatch).bodies == ()
        return
    with pytest.raises(CatalogError, match=f"seer@% does not see everything: GRANT {lacking} ON"):
        read(server, monkeypatch)
    assert server.closed == 1


def test_rights_that_are_revoked_for_some_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server("9.7.4")
    server.answers["SHOW GRANTS"] += (("REVOKE SELECT ON `hidden`.* FROM `seer`@`%`",),)
    with pytest.raises(CatalogError, match="revoked"):
        read(server, monkeypatch)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (pymysql.err.OperationalError(1045, "Access denied"), "error 1045: Access denied"),
        (pymysql.err.InterfaceError("gone"), "gone"),
        (OSError(), "OSError"),
        (RuntimeError("'cryptography' package is required"), "'cryptography' package is required"),
    ],
)
def test_errors_are_one_line(error: Exception, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    server.answers["SELECT table_schema"] = error
    with pytest.raises(CatalogError) as found:
        read(server, monkeypatch)
    assert str(found.value) == told


def test_a_connection_that_is_lost_is_no_hidden_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    server.answers["SELECT name FROM mysql.func"] = pymysql.err.OperationalError(2013, "Lost connection")
    with pytest.raises(CatalogError, match="2013"):
        read(server, monkeypatch)


def test_a_version_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CatalogError, match="version cannot be read"):
        read(Server("who knows"), monkeypatch)


def test_tls_is_demanded_unless_it_is_only_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server = Server()
    read(server, monkeypatch, Source(SOURCE.address, "seer", "pw", 5.0, context))
    assert server.options["ssl"] is context
    server.no_tls = True
    with pytest.raises(CatalogError, match="SSL is required"):
        read(server, monkeypatch, Source(SOURCE.address, "seer", "pw", 5.0, context))
    read(server, monkeypatch, Source(SOURCE.address, "seer", "pw", 5.0, context, False))
    assert server.options["ssl"] is None


class Threads:
    """A server's list of threads, and whom it lets end one."""

    def __init__(self, row: tuple[str, str] | None, holds: bool = True, refusal: int = 0) -> None:
        self.row = row
        self.holds = holds
        self.refusal = refusal
        self.killed: list[object] = []
        self.answer: tuple[object, ...] | None = None
        self.options: dict[str, Any] = {}
        self.closed = 0

    def connect(self, **options: Any) -> Threads:
        self.options = options
        return self

    def cursor(self) -> Threads:
        return self

    def close(self) -> None:
        self.closed += 1

    def execute(self, question: str, values: Sequence[object] = ()) -> None:
        if question.startswith("KILL"):
            if self.refusal:
                raise pymysql.err.OperationalError(self.refusal, "no")
            self.killed += values
        elif "processlist" in question:
            assert values == (77,)
            self.answer = self.row
        elif "CURRENT_USER" in question:
            self.answer = ("seer@%",)
        else:
            assert values == ("'seer'@'%'",)
            self.answer = (1,) if self.holds else None

    def fetchone(self) -> tuple[object, ...] | None:
        return self.answer


THREAD = ServerThread(77, "app", 43_210)


def ended(server: Threads, monkeypatch: pytest.MonkeyPatch) -> str:
    """What end_thread gives or says; the connection is closed whatever comes."""
    monkeypatch.setattr(module.pymysql, "connect", server.connect)
    try:
        return end_thread(SOURCE, THREAD, 2.0)
    except CatalogError as error:
        return str(error)
    finally:
        assert server.closed == 1
        assert server.options["read_timeout"] == 2.0
        assert server.options["connect_timeout"] == 2


def test_a_thread_is_ended_where_it_is_the_one_that_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("10.0.0.9:43210", "localhost:43210", "::1:43210"):
        server = Threads(("app", host))
        assert ended(server, monkeypatch) == KILLED
        assert server.killed == [77]


def test_nobody_else_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a balancer the account may be on another server, where that number is somebody else's."""
    for row in (("app", "10.0.0.9:43211"), ("app", "localhost"), ("root", "10.0.0.9:43210"), ("app", "")):
        server = Threads(row)
        assert "another connection by its number" in ended(server, monkeypatch)
        assert server.killed == []


def test_a_thread_that_is_not_there_is_gone_only_for_who_would_see_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ended(Threads(None), monkeypatch) == GONE
    assert "GRANT PROCESS" in ended(Threads(None, holds=False), monkeypatch)


def test_a_server_that_does_not_let_it_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    row = ("app", "10.0.0.9:43210")
    assert ended(Threads(row, refusal=1094), monkeypatch) == GONE
    for number in (1095, 1227):
        assert "GRANT CONNECTION ADMIN" in ended(Threads(row, refusal=number), monkeypatch)
    assert ended(Threads(row, refusal=1053), monkeypatch) == "error 1053: no"
