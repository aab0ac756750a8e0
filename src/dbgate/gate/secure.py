"""When a leg turns to TLS, and what follows when it has or has not.

The gate only says when (Effects.secure); the shell shakes hands and tells the outcome. What a client sent behind its
SSLRequest belongs to the handshake (Effects.early): it is never read as a packet, so nothing that was sent in clear can
pass for something that came inside.
"""

from __future__ import annotations

from typing import Final

from dbgate.errors import ProtocolError
from dbgate.gate.effects import SECURE_CLIENT, SECURE_SERVER
from dbgate.gate.legs import OFF, REQUIRE
from dbgate.gate.phase import AUTH, LOGIN, UPGRADE, WRAP
from dbgate.gate.state import FAREWELL, Login, State
from dbgate.wire import build
from dbgate.wire.constants import CLIENT_SSL, ER_UNKNOWN
from dbgate.wire.credentials import SSL_REQUEST, ssl_request
from dbgate.wire.handshake import Greeting

NO_TLS: Final = "dbgate: the database server offers no TLS"
NOT_SECURED: Final = "dbgate: no secure connection to the database server"


def choose(state: State, greeting: Greeting, now: float) -> bool:
    """Decide, by the server's greeting, whether its leg will be TLS. False: it must and cannot, the session ended."""
    wanted = state.brain.legs.server
    can = greeting.capabilities & CLIENT_SSL != 0
    state.server_tls = wanted != OFF and can
    if can or wanted != REQUIRE:
        return True
    state.fx.to_server.append(FAREWELL)
    state.answer(0, ER_UNKNOWN, "08S01", NO_TLS)
    state.denied("the server offers no TLS", now, None, ER_UNKNOWN)
    state.end("the server offers no TLS", now)
    return False


def upgrade(state: State, payload: bytes) -> None:
    """The client's SSLRequest: from the next byte on, its leg is TLS."""
    if len(payload) != SSL_REQUEST:
        raise ProtocolError("a login with TLS before the handshake")
    state.fx.secure = SECURE_CLIENT
    state.fx.early = state.reader.take_all()
    state.move(UPGRADE)


def wrap(state: State, login: Login, payload: bytes) -> None:
    """Ask the server for TLS; `payload`, the HandshakeResponse, waits until it is there."""
    server = state.login_reader()
    state.reader.seq = (state.reader.last_seq + 1) & 0xFF
    login.held = payload
    state.fx.to_server.append(build.packet(server.seq, ssl_request(payload)))
    server.seq = (server.seq + 1) & 0xFF
    state.fx.secure = SECURE_SERVER
    state.fx.early = b""
    state.move(WRAP)


def client_secured(state: State, subject: str) -> None:
    """The client's leg is TLS now. subject: of its certificate, "" = it has shown none."""
    if state.phase != UPGRADE or state.reader.buffered:
        raise ProtocolError("TLS out of turn")
    state.client_tls = True
    state.cert_subject = subject
    state.reader.seq = (state.reader.last_seq + 1) & 0xFF
    state.move(LOGIN)


def server_secured(state: State) -> None:
    """The server's leg is TLS now: what waited is sent."""
    login = state.login
    if state.phase != WRAP or login is None:
        raise ProtocolError("TLS out of turn")
    server = state.login_reader()
    state.fx.to_server.append(build.packet(server.seq, login.held))
    server.seq = (server.seq + 1) & 0xFF
    login.held = b""
    state.move(AUTH)


def not_secured(state: State, why: str, now: float) -> None:
    """A handshake failed. The client is not told why: that is for the log."""
    if state.phase == WRAP:
        reason = f"TLS with the server failed: {why}"
        state.answer(state.reader.seq, ER_UNKNOWN, "08S01", NOT_SECURED)
        state.denied(reason, now, None, ER_UNKNOWN)
        state.greeting = None  # nobody is there to be told farewell
    else:
        reason = f"TLS with the client failed: {why}"
    state.end(reason, now)
