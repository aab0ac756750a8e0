"""Attacks on the way into TLS: bytes in clear that want to be read as if they came inside, on either leg; handshakes
that are too old, broken, or never end. The honest twin of each gets in."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator

import pymysql
import pytest

from tests.attacks.raw import ORDINARY, SSL, WITH_DB, packet, query
from tests.servers.gateway import OPEN_POLICY, Gateway, eventually
from tests.servers.mariadb import MariaDB
from tests.servers.tls import Certificates
from tests.unit.wire import making

REQUEST = packet(making.response(ORDINARY | SSL)[:32], 1)
POLICY = OPEN_POLICY.replace("user: app\n", "user: [app, empty]\n")
LOGIN = making.response(ORDINARY | SSL | WITH_DB, b"empty", b"test", b"")


@pytest.fixture(scope="module")
def certificates() -> Iterator[Certificates]:
    made = Certificates()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDB]:
    with MariaDB() as running:
        running.sql("CREATE USER empty IDENTIFIED BY ''; GRANT ALL ON *.* TO empty")
        yield running


@pytest.fixture(scope="module")
def gateway(server: MariaDB, certificates: Certificates) -> Iterator[Gateway]:
    path = certificates.issue("gateway.pem", "127.0.0.1")
    with Gateway(server, POLICY, tls_cert=path, handshake_timeout="1m") as running:
        yield running


class Client:
    """A socket and, beside it, a TLS engine: what goes where is the test's choice."""

    def __init__(
        self, gateway: Gateway, certificates: Certificates, context: ssl.SSLContext | None = None
    ) -> None:
        self.socket = socket.create_connection((gateway.host, gateway.port), 30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        made = context or ssl.create_default_context(cafile=str(certificates.ca))
        self.tls = made.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")
        assert self.socket.recv(4096)[4:5] == b"\x0a"

    def hello(self) -> bytes:
        """The handshake's first flight."""
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def shake(self) -> None:
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._more()
        self._flush()

    def _more(self) -> None:
        self._flush()
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError("the gateway hung up")
        self.incoming.write(data)

    def _flush(self) -> None:
        data = self.outgoing.read()
        if data:
            self.socket.sendall(data)

    def send(self, data: bytes) -> None:
        self.tls.write(data)
        self._flush()

    def receive(self) -> bytes:
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self._more()

    def rest(self) -> bytes:
        """All that still comes on the socket, until the gateway hangs up."""
        heard = b""
        try:
            while data := self.socket.recv(65536):
                heard += data
        except ConnectionResetError:
            pass
        return heard

    def log_in(self) -> None:
        self.send(packet(LOGIN, 2))
        assert self.receive()[4:5] == b"\x00"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@pytest.fixture
def client(gateway: Gateway, certificates: Certificates) -> Iterator[Client]:
    with Client(gateway, certificates) as made:
        yield made


@pytest.fixture(autouse=True)
def still_there(gateway: Gateway, certificates: Certificates) -> Iterator[None]:
    yield
    with gateway.connect(ssl_ca=str(certificates.ca)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def logins(gateway: Gateway) -> int:
    return len(gateway.records(event="connection.open", db_user="empty"))


def no_login(gateway: Gateway, before: int, denied: int, why: str) -> None:
    found = gateway.wait_records(denied + 1, event="connection.denied")
    assert why in found[-1]["reason"]
    assert logins(gateway) == before
    assert not gateway.records(operation="DROP")


INJECTED = packet(LOGIN, 2) + query("DROP TABLE test.t")


@pytest.mark.parametrize("together", [True, False])
def test_a_login_in_clear_behind_the_request(gateway: Gateway, client: Client, together: bool) -> None:
    before, denied = logins(gateway), len(gateway.records(event="connection.denied"))
    if together:
        client.socket.sendall(REQUEST + INJECTED)
    else:
        client.socket.sendall(REQUEST)
        client.socket.sendall(INJECTED)
    heard = client.rest()
    assert b"\x00\x00\x00\x02\x00" not in heard and b"dbgate" not in heard  # an alert of TLS at most
    no_login(gateway, before, denied, "TLS with the client failed")


def test_bytes_in_clear_in_front_of_the_hello(gateway: Gateway, client: Client) -> None:
    """The classic: a man in the middle puts commands in front of the victim's handshake."""
    before, denied = logins(gateway), len(gateway.records(event="connection.denied"))
    client.socket.sendall(REQUEST + INJECTED + client.hello())
    client.rest()
    no_login(gateway, before, denied, "TLS with the client failed")


def test_bytes_in_clear_behind_the_hello(gateway: Gateway, client: Client) -> None:
    before, denied = logins(gateway), len(gateway.records(event="connection.denied"))
    client.socket.sendall(REQUEST + client.hello() + INJECTED)
    client.rest()
    no_login(gateway, before, denied, "TLS with the client failed")


def test_bytes_in_clear_inside_a_session(gateway: Gateway, client: Client) -> None:
    client.socket.sendall(REQUEST)
    client.shake()
    client.log_in()
    client.socket.sendall(query("DROP TABLE test.t"))
    client.rest()
    assert not gateway.records(operation="DROP")


@pytest.mark.parametrize("cut", ["at once", "byte by byte"])
def test_a_hello_in_the_segment_of_the_request_gets_in(gateway: Gateway, client: Client, cut: str) -> None:
    before = logins(gateway)
    data = REQUEST + client.hello()
    for piece in [data] if cut == "at once" else [data[i : i + 1] for i in range(len(data))]:
        client.socket.sendall(piece)
    client.shake()
    client.log_in()
    client.send(query("SELECT 7"))
    assert b"\x017" in client.receive()
    gateway.wait_records(before + 1, event="connection.open", db_user="empty")


def test_a_login_and_a_command_in_one_record_of_tls(gateway: Gateway, client: Client) -> None:
    """Inside, what is behind the login is a command like any other, and is judged."""
    client.socket.sendall(REQUEST)
    client.shake()
    client.send(packet(LOGIN, 2) + query("TRUNCATE test.t"))
    heard = client.receive()
    while b"dbgate" not in heard:
        heard += client.receive()
    assert b"blocked-operation" in heard


def test_a_second_request_inside(gateway: Gateway, client: Client) -> None:
    client.socket.sendall(REQUEST)
    client.shake()
    client.send(packet(making.response(ORDINARY | SSL)[:32], 2))
    assert b"dbgate" in client.receive()


def test_a_login_with_the_number_of_one_in_clear(gateway: Gateway, client: Client) -> None:
    client.socket.sendall(REQUEST)
    client.shake()
    client.send(packet(LOGIN, 1))
    assert b"packet number 1 where 2 was due" in client.receive()


def test_tls_that_is_too_old(gateway: Gateway, certificates: Certificates) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    denied = len(gateway.records(event="connection.denied"))
    with Client(gateway, certificates, context) as client:
        client.socket.sendall(REQUEST)
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            client.shake()
    gateway.wait_records(denied + 1, event="connection.denied")


def test_a_handshake_that_never_ends(server: MariaDB, certificates: Certificates) -> None:
    path = certificates.issue("impatient.pem", "127.0.0.1")
    with Gateway(server, POLICY, tls_cert=path, handshake_timeout="2s") as gateway:
        with Client(gateway, certificates) as client:
            client.socket.sendall(REQUEST + client.hello()[:20])
            assert client.rest() == b""
        gateway.wait_records(event="connection.denied", reason="the login took too long")


def test_a_client_that_hangs_up_in_the_handshake(gateway: Gateway, certificates: Certificates) -> None:
    before = len(gateway.records(event="connection.denied"))
    with Client(gateway, certificates) as client:
        client.socket.sendall(REQUEST)
    gateway.wait_records(before + 1, event="connection.denied")
    eventually(lambda: gateway.health("/health")[1]["sessions"] == 0)


# --- a server, or who stands in its place ---


class Rogue:
    """Sends `greeting`, waits for the SSLRequest, and then says `answer`, in clear."""

    host = "127.0.0.1"
    user = "app"
    password = "app_pw"

    def __init__(self) -> None:
        self.greeting = b""
        self.answer = b""
        self.heard = b""
        self._listening = socket.create_server((self.host, 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listening.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(10)
                try:
                    peer.sendall(self.greeting)
                    self.heard += peer.recv(65536)
                    peer.sendall(self.answer)
                    while data := peer.recv(65536):
                        self.heard += data
                except OSError:
                    pass

    def __enter__(self) -> Rogue:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)


GREETING = packet(making.greeting())


@pytest.fixture(scope="module")
def demanding() -> Iterator[tuple[Rogue, Gateway]]:
    with Rogue() as rogue, Gateway(rogue, upstream_tls_mode="require", admin_listen="off") as running:
        yield rogue, running


@pytest.mark.parametrize(
    ("greeting", "answer"),
    [
        (GREETING + packet(making.ok(), 3), b""),  # what is behind the greeting wants to be read inside
        (GREETING, packet(making.ok(), 2)),
        (GREETING, packet(making.err(), 2)),
        (packet(making.greeting(making.MYSQL_CAPABILITIES & ~SSL)), packet(making.ok(), 2)),  # TLS taken away
    ],
    ids=["behind the greeting", "an OK", "an ERR", "no TLS offered"],
)
def test_a_server_in_clear_where_tls_is_demanded(
    demanding: tuple[Rogue, Gateway], greeting: bytes, answer: bytes
) -> None:
    rogue, before_it = demanding
    rogue.greeting, rogue.answer = greeting, answer
    before = len(before_it.records(event="connection.denied"))
    with pytest.raises(pymysql.err.OperationalError, match=r"1105.*dbgate: "):
        before_it.connect()
    before_it.wait_records(before + 1, event="connection.denied")
    assert not before_it.records(event="connection.open")
    assert b"app_pw" not in rogue.heard
