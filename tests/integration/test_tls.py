"""TLS on neither, either and both legs, in front of real servers, with real clients: who gets in, and who does not."""

from __future__ import annotations

import os
import signal
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from tests.attacks.raw import ORDINARY, WITH_DB, packet
from tests.drivers import zoo
from tests.drivers.logins import CLIENTS, NEEDS_TLS, log_in, present
from tests.servers.gateway import OPEN_POLICY, Gateway, eventually
from tests.servers.haproxy import HAProxy
from tests.servers.mariadb import MariaDB
from tests.servers.mysql import MySQL
from tests.servers.tls import Certificates
from tests.unit.wire import making

LEGS = [(False, False), (True, False), (False, True), (True, True)]


@pytest.fixture(scope="module")
def certificates() -> Iterator[Certificates]:
    made = Certificates()
    yield made
    made.remove()


def identity(certificates: Certificates, *more: str) -> list[str]:
    path = certificates.issue("server.pem", "127.0.0.1", "localhost")
    return [f"--ssl-cert={path}", f"--ssl-key={path}", f"--ssl-ca={certificates.ca}", *more]


@pytest.fixture(scope="module")
def mariadb_tls(certificates: Certificates) -> Iterator[MariaDB]:
    with MariaDB(*identity(certificates, "--plugin-load-add=auth_ed25519")) as server:
        server.sql(
            "CREATE USER ed IDENTIFIED VIA ed25519 USING PASSWORD('ed_pw'); GRANT ALL ON *.* TO ed;"
            "CREATE USER strict IDENTIFIED BY 'strict_pw' REQUIRE SSL;"
            "CREATE USER x509 IDENTIFIED BY 'x509_pw' REQUIRE X509;"
        )
        yield server


@pytest.fixture(scope="module")
def mysql_tls(certificates: Certificates) -> Iterator[MySQL]:
    with MySQL(*identity(certificates)) as server:
        server.sql(
            "CREATE USER old IDENTIFIED WITH sha256_password BY 'old_pw';"
            "CREATE USER blank IDENTIFIED WITH caching_sha2_password BY '';"
        )
        yield server


POLICY = OPEN_POLICY.replace("user: app\n", "user: [app, ed, strict, x509, old, blank]\n")


def legs(certificates: Certificates, client: bool, server: bool) -> dict[str, object]:
    """Settings of a gateway with TLS on these legs."""
    settings: dict[str, object] = {}
    if client:
        settings["tls_cert"] = certificates.issue("gateway.pem", "127.0.0.1")
    if server:
        settings["upstream_tls_mode"] = "verify-full"
        settings["upstream_tls_ca"] = certificates.ca
    return settings


def test_these_are_all_clients_of_the_drivers_tests() -> None:
    assert sorted(CLIENTS) == sorted(zoo.CLIENTS)


@pytest.mark.parametrize(("client_tls", "server_tls"), LEGS)
def test_mariadb_on_every_combination_of_legs(
    mariadb_tls: MariaDB, certificates: Certificates, client_tls: bool, server_tls: bool
) -> None:
    """mysql_native_password and ed25519 (which Oracle's connector does not speak)."""
    ca = certificates.ca if client_tls else None
    with Gateway(mariadb_tls, POLICY, **legs(certificates, client_tls, server_tls)) as gateway:
        for client in present():
            assert log_in(client, gateway.port, "app", "app_pw", ca) == "7"
        assert log_in("mariadb-cli", gateway.port, "ed", "ed_pw", ca) == "7"
        with pytest.raises(RuntimeError, match=r"1045|Access denied"):
            log_in("pymysql", gateway.port, "app", "wrong", ca)
        with (
            gateway.connect(**({"ssl_ca": str(ca)} if ca else {"ssl_disabled": True})) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
            assert cursor.fetchall()[0][1].startswith("TLSv1") == server_tls  # type: ignore[index]
            cursor.execute("SELECT REPEAT('x', 5000000)")  # many TLS records, much back-pressure
            assert len(cursor.fetchall()[0][0]) == 5_000_000
            with pytest.raises(pymysql.err.OperationalError, match="blocked-operation"):
                cursor.execute("TRUNCATE test.t")
        if server_tls:
            assert log_in("pymysql", gateway.port, "strict", "strict_pw", ca) == "7"
        else:
            with pytest.raises(RuntimeError, match=r"1045|Access denied"):
                log_in("pymysql", gateway.port, "strict", "strict_pw", ca)
        gateway.wait_records(event="connection.open", db_user="app")


@pytest.mark.parametrize(("client_tls", "server_tls"), LEGS)
def test_mysql_on_every_combination_of_legs(
    mysql_tls: MySQL, certificates: Certificates, client_tls: bool, server_tls: bool
) -> None:
    """caching_sha2_password with an empty and with a full cache, sha256_password, and no password at all. Oracle's
    connector sends a password over TLS only: in clear it gets in while the server remembers the account."""
    ca = certificates.ca if client_tls else None
    with Gateway(mysql_tls, POLICY, **legs(certificates, client_tls, server_tls)) as gateway:
        for client in present():
            mysql_tls.sql("FLUSH PRIVILEGES")
            if client_tls or client not in NEEDS_TLS:
                assert log_in(client, gateway.port, "app", "app_pw", ca) == "7"
            else:
                assert log_in("pymysql", gateway.port, "app", "app_pw", ca) == "7"
            assert log_in(client, gateway.port, "app", "app_pw", ca) == "7"
        mysql_tls.sql("FLUSH PRIVILEGES")
        for client in ("pymysql", "mariadb-cli"):
            with pytest.raises(RuntimeError, match=r"1045|Access denied"):
                log_in(client, gateway.port, "app", "wrong", ca)
        assert log_in("pymysql", gateway.port, "old", "old_pw", ca) == "7"
        assert log_in("pymysql", gateway.port, "blank", "", ca) == "7"
        with pytest.raises(RuntimeError, match=r"1045|Access denied"):
            log_in("pymysql", gateway.port, "old", "wrong", ca)
        for text in (gateway.audit.read_text(), gateway.log_text()):
            assert "app_pw" not in text and "old_pw" not in text


def test_modes_of_the_servers_leg(mariadb_tls: MariaDB, mariadb: MariaDB, certificates: Certificates) -> None:
    stranger = {"upstream_tls_ca": certificates.stranger}
    localhost = {"upstream": f"localhost:{mariadb_tls.port}", "upstream_tls_ca": certificates.ca}
    cases: list[tuple[MariaDB, str, dict[str, object], str]] = [
        (mariadb_tls, "prefer", {}, ""),
        (mariadb_tls, "verify-ca", dict(stranger), "the certificate is not valid"),
        (mariadb_tls, "verify-full", dict(localhost), ""),
        (mariadb, "prefer", {}, ""),
        (mariadb, "require", {}, "the server offers no TLS"),
    ]
    for server, mode, more, why in cases:
        with Gateway(server, POLICY, **{"upstream_tls_mode": mode, **more}) as gateway:
            if not why:
                assert log_in("pymysql", gateway.port, "app", "app_pw", None) == "7", (mode, more)
                continue
            with pytest.raises(RuntimeError, match=r"1105.*dbgate: ") as caught:
                log_in("pymysql", gateway.port, "app", "app_pw", None)
            assert "certificate" not in str(caught.value)  # that is for the log
            (denied,) = gateway.wait_records(event="connection.denied")
            assert why in denied["reason"]


def test_a_name_that_the_servers_certificate_has_not(
    mariadb_tls: MariaDB, certificates: Certificates
) -> None:
    other = certificates.issue("other.pem", "db.example")
    with MariaDB(f"--ssl-cert={other}", f"--ssl-key={other}") as server:
        for mode, passes in (("verify-ca", True), ("verify-full", False)):
            with Gateway(server, POLICY, upstream_tls_mode=mode, upstream_tls_ca=certificates.ca) as gateway:
                if passes:
                    assert log_in("pymysql", gateway.port, "app", "app_pw", None) == "7"
                else:
                    with pytest.raises(RuntimeError, match="1105"):
                        log_in("pymysql", gateway.port, "app", "app_pw", None)


def test_the_gateways_certificate_for_the_server(mariadb_tls: MariaDB, certificates: Certificates) -> None:
    own = certificates.issue("for-server.pem", common_name="dbgate")
    settings = {"upstream_tls_mode": "verify-full", "upstream_tls_ca": certificates.ca}
    with Gateway(mariadb_tls, POLICY, **settings, upstream_tls_cert=own) as gateway:
        assert log_in("pymysql", gateway.port, "x509", "x509_pw", None) == "7"
    with Gateway(mariadb_tls, POLICY, **settings) as gateway:
        with pytest.raises(RuntimeError, match=r"1045|Access denied"):
            log_in("pymysql", gateway.port, "x509", "x509_pw", None)


DEMANDING = """
access_control:
  - {user: app, cert_subject: "CN=app,*", allowed_tables: ["*"], allowed_operations: [SELECT]}
  - {user: ed, require_tls: true, allowed_tables: ["*"], allowed_operations: [SELECT]}
"""


def test_client_certificates(mariadb_tls: MariaDB, certificates: Certificates) -> None:
    good = certificates.issue("app.pem", common_name="app")
    wrong = certificates.issue("intruder.pem", common_name="app2")
    gateway_pem = certificates.issue("gateway.pem", "127.0.0.1")
    with Gateway(mariadb_tls, DEMANDING, tls_cert=gateway_pem, tls_client_ca=certificates.ca) as gateway:
        tls = {"ssl_ca": str(certificates.ca)}
        with gateway.connect(**tls, ssl_cert=str(good), ssl_key=str(good)) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 7")
                # a reload binds the session that is open
                gateway.policy.write_text(DEMANDING.replace("CN=app,*", "CN=other"))
                gateway.signal(signal.SIGHUP)
                gateway.wait_records(event="policy.reload")
                with pytest.raises(pymysql.err.OperationalError, match="tls-required"):
                    cursor.execute("SELECT 7")
                gateway.policy.write_text(DEMANDING)
                gateway.signal(signal.SIGHUP)
                gateway.wait_records(2, event="policy.reload")
                cursor.execute("SELECT 7")
        for options in (
            {"ssl_disabled": True},
            tls,
            {**tls, "ssl_cert": str(wrong), "ssl_key": str(wrong)},
        ):
            with pytest.raises(pymysql.err.OperationalError, match="tls-required"):
                gateway.connect(**options)
        assert gateway.wait_records(4, rule="tls-required")[-1]["rule_line"] == 3
        with pytest.raises(pymysql.err.OperationalError, match="tls-required"):
            gateway.connect(user="ed", password="ed_pw", ssl_disabled=True)
        assert log_in("mariadb-cli", gateway.port, "ed", "ed_pw", certificates.ca) == "7"


BEHIND = """
access_control:
  - {user: app, source_ip: 127.0.0.5, require_tls: true, allowed_tables: ["*"], allowed_operations: [SELECT]}
"""


@pytest.mark.parametrize("options", ["send-proxy", "send-proxy-v2"])
def test_a_client_in_tls_behind_haproxy(
    mariadb_tls: MariaDB, certificates: Certificates, options: str
) -> None:
    """The PROXY header comes in clear, before the greeting; the TLS behind it is between client and gateway."""
    both = legs(certificates, True, True)
    with (
        Gateway(mariadb_tls, BEHIND, trusted_proxies="127.0.0.9", **both) as gateway,
        HAProxy(gateway.port, options, "127.0.0.9") as balancer,
    ):

        def connect(source: str, **tls: Any) -> Any:
            where = {"host": balancer.host, "port": balancer.port, "bind_address": source}
            return pymysql.connect(user="app", password="app_pw", **where, **tls)

        with connect("127.0.0.5", ssl_ca=str(certificates.ca)) as client, client.cursor() as cursor:
            cursor.execute("SELECT 7")
            assert cursor.fetchall() == ((7,),)
        gateway.wait_records(event="connection.open", client_ip="127.0.0.5")
        with pytest.raises(pymysql.err.OperationalError, match="tls-required"):
            connect("127.0.0.5", ssl_disabled=True)
        with pytest.raises(pymysql.err.OperationalError, match="no-access-rule"):
            connect("127.0.0.6", ssl_ca=str(certificates.ca))
        gateway.wait_records(event="connection.denied", client_ip="127.0.0.6", rule="no-access-rule")


def test_a_client_certificate_that_nobody_signed(mariadb_tls: MariaDB, certificates: Certificates) -> None:
    others = Certificates()
    try:
        stranger = others.issue("stranger.pem", common_name="app")
        gateway_pem = certificates.issue("gateway.pem", "127.0.0.1")
        with Gateway(mariadb_tls, DEMANDING, tls_cert=gateway_pem, tls_client_ca=certificates.ca) as gateway:
            with pytest.raises(pymysql.err.OperationalError):
                gateway.connect(ssl_ca=str(certificates.ca), ssl_cert=str(stranger), ssl_key=str(stranger))
            (denied,) = gateway.wait_records(event="connection.denied")
            assert "TLS with the client failed: the certificate is not valid" in denied["reason"]
    finally:
        others.remove()


def shown(gateway: Gateway) -> str:
    """The serial number of the certificate that the gateway shows."""
    with socket.create_connection((gateway.host, gateway.port), 60) as raw:
        raw.recv(4096)
        raw.sendall(b"\x20\x00\x00\x01\x05\xae\x03\x00" + b"\x00" * 28)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(raw) as secure:
            found = secure.getpeercert(binary_form=True)
    assert found is not None
    return found.hex()


def test_certificates_are_renewed_by_sighup(mariadb_tls: MariaDB, certificates: Certificates) -> None:
    path = certificates.issue("renewed.pem", "127.0.0.1")
    with Gateway(mariadb_tls, POLICY, tls_cert=path, tls_mode="require") as gateway:
        first = shown(gateway)
        with gateway.connect(ssl_ca=str(certificates.ca)) as connection, connection.cursor() as cursor:
            certificates.issue("renewed.pem", "127.0.0.1")
            gateway.signal(signal.SIGHUP)
            eventually(lambda: shown(gateway) != first)
            second = shown(gateway)
            cursor.execute("SELECT 7")  # what is open stays
            path.write_text("nonsense")
            gateway.signal(signal.SIGHUP)
            eventually(lambda: "certificates were not renewed" in gateway.log_text())
            assert shown(gateway) == second
        with pytest.raises(pymysql.err.OperationalError, match="tls-required"):
            gateway.connect(ssl_disabled=True)


def test_a_worker_that_is_started_again_while_the_files_are_bad(
    mariadb_tls: MariaDB, certificates: Certificates
) -> None:
    path = certificates.issue("kept.pem", "127.0.0.1")
    with Gateway(mariadb_tls, POLICY, tls_cert=path, tls_mode="require") as gateway:
        first = shown(gateway)
        path.write_text("half of a certifi")
        (worker,) = gateway.worker_pids()
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: gateway.worker_pids() not in ([], [worker]))
        assert shown(gateway) == first
        gateway.connect(ssl_ca=str(certificates.ca)).close()
        assert gateway.health()[0] == 200


def test_a_start_with_a_wrong_file(mariadb: MariaDB, certificates: Certificates) -> None:
    bad = certificates.folder / "bad.pem"
    bad.write_text("nonsense")
    with pytest.raises(RuntimeError, match="tls_cert"):
        Gateway(mariadb, tls_cert=bad).start()


def test_clients_that_hang_up_while_the_server_shakes_hands(certificates: Certificates) -> None:
    """A server counts handshakes that break off against the host that they come from, and in the end locks it out."""
    login = packet(making.response(ORDINARY | WITH_DB, b"app", b"test", b"x" * 20), 1)
    with (
        MariaDB(*identity(certificates)) as server,
        Gateway(server, upstream_tls_mode="require") as gateway,
    ):
        for _ in range(20):
            with socket.create_connection((gateway.host, gateway.port), 10) as client:
                assert client.recv(4096)[4:5] == b"\x0a"
                client.sendall(login)
        gateway.wait_records(20, event="connection.denied")
        eventually(lambda: connects(server, "Aborted_connects") >= 20)
        assert connects(server, "Aborted_connects_preauth") <= server.looks  # none but the test's own
        gateway.connect().close()


def connects(server: MariaDB, name: str) -> int:
    return int(server.sql(f"SHOW GLOBAL STATUS LIKE '{name}'").split()[1])
