"""The connection phase and COM_CHANGE_USER: who wants in is judged before the server sees it, then every auth plugin
is relayed, message by message, and the server's word is final.

Turns are kept strictly: a client's packet reaches the server only when its plugin awaits one. Anything sent earlier is
held, so that a command hidden behind an auth answer is judged as a command once the login is done.
"""

from __future__ import annotations

from typing import Final

from dbgate.audit.record import What
from dbgate.errors import ProtocolError
from dbgate.gate import admission, bridge, context, secure
from dbgate.gate.judged import why_of
from dbgate.gate.phase import ANSWER, AUTH, CONTEXT, LOGIN
from dbgate.gate.state import HANDSHAKE_LIMIT, Login, State, blocked_message
from dbgate.policy.verdict import BLOCK
from dbgate.sql.charset import charset_of_collation
from dbgate.wire import build
from dbgate.wire.constants import (
    CLIENT_MULTI_FACTOR_AUTHENTICATION,
    CLIENT_PLUGIN_AUTH_LENENC,
    CLIENT_SECURE_CONNECTION,
    CLIENT_SESSION_TRACK,
    CLIENT_SSL,
    EOF_HEADER,
    ER_ACCESS_BLOCKED,
    ER_ACCESS_DENIED,
    ER_ACCESS_DENIED_NO_PASSWORD,
    ER_HOST_IS_BLOCKED,
    ER_TOO_MANY_USER_CONNECTIONS,
    ERR_HEADER,
    MAX_PAYLOAD,
    MORE_DATA_HEADER,
    NEXT_FACTOR_HEADER,
    OK_HEADER,
)
from dbgate.wire.credentials import CACHING_SHA2, FAST_AUTH_OK, NONCE, SSL_REQUEST
from dbgate.wire.handshake import (
    Greeting,
    held,
    offer,
    parse_change_user,
    parse_greeting,
    parse_response,
    response_capabilities,
    rewrite_response,
)
from dbgate.wire.mould import Mould, auth_of, without_auth
from dbgate.wire.packet import NEED_MORE, OVERSIZE, PacketReader
from dbgate.wire.response import Reply
from dbgate.wire.status import parse_err, parse_ok, plain_ok

_CONNECT: Final = What("CONNECT")
_CHANGE_USER: Final = What("CHANGE_USER")
MAX_ROUNDS: Final = 64  # messages of one login; real ones need fewer than ten


def greet(state: State, data: bytes, now: float) -> None:
    """The server's greeting, or the ERR that it sends instead."""
    reader = state.login_reader()
    familiar = state.brain.familiar
    mould = familiar.mould
    greeting: Greeting | None = None
    if mould is not None and not reader.buffered:
        greeting = mould.read(data)
    if mould is None or greeting is None:
        reader.feed(data)
        if _next(reader) == NEED_MORE:
            return
        payload = reader.payload()
        if payload[:1] == bytes((ERR_HEADER,)):
            state.fx.to_client.append(reader.raw)
            state.denied(
                "the server refused the connection", now, None, parse_err(payload, 0, len(payload)).errno
            )
            state.end("the server refused the connection", now)
            return
        if reader.buffered:
            raise ProtocolError("the server spoke before its turn")
        greeting = parse_greeting(payload)
        mould = Mould(payload, greeting, offer(greeting, state.brain.legs.offered))
        familiar.mould = mould
        data = reader.raw
    state.greeting = greeting
    state.plugin = greeting.plugin
    state.mariadb = greeting.mariadb
    state.nonce = greeting.scramble[:NONCE]
    if not secure.choose(state, greeting, now):
        return
    state.offered = mould.offered
    state.fx.to_client.append(mould.shown(data))
    state.reader.seq = reader.seq = 1  # a greeting is number 0, and one packet: HANDSHAKE_LIMIT
    state.move(LOGIN)


def client_login(state: State, now: float) -> None:
    """The client's HandshakeResponse, or the SSLRequest in front of it; both hold to what was offered."""
    payload = state.reader.payload()
    key = without_auth(payload)
    who = state.brain.familiar.logins.get(key)
    # One that speaks of TLS is known inside TLS only.
    if who is not None and who.offered == state.offered and (state.client_tls or not who.asked & CLIENT_SSL):
        asked = who.asked
        key = b""
        auth = auth_of(payload)
    else:
        asked = response_capabilities(payload)
        capabilities = held(asked, state.offered)
        if asked & CLIENT_SSL and not state.client_tls:
            secure.upgrade(state, payload)
            return
        response = parse_response(payload)
        who = admission.who(
            response.user, response.schema, charset_of_collation(response.collation), response.plugin
        )
        who.asked = asked
        who.offered = state.offered
        who.capabilities = capabilities & ~CLIENT_SSL
        if not asked & (CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH_LENENC):
            key = b""
        auth = response.auth
    capabilities = who.capabilities
    state.capabilities = capabilities
    state.reply = Reply(capabilities)
    login = admission.judge(state, who, now)
    login.key = key
    login.plugin = who.plugin or state.plugin
    if login.verdict.effect == BLOCK:
        _deny(state, login, now)
        state.end("login blocked", now)
        return
    if _crowded(state, login, now):
        return
    if state.server_tls:
        capabilities |= CLIENT_SSL
    if capabilities != asked:
        if who.sent != capabilities:
            who.sent = capabilities
            who.head = rewrite_response(payload, capabilities)[:SSL_REQUEST]
        payload = who.head + payload[SSL_REQUEST:]
    _begin(state, login, payload, auth)


def change_user(state: State, now: float) -> None:
    """COM_CHANGE_USER: a login in an open session. Blocked, the session goes on as it was."""
    fields = parse_change_user(state.reader.payload(), state.capabilities)
    state.queries += 1
    collation = fields.collation
    charset = charset_of_collation(collation) if collation >= 0 else state.ctx.charset
    login = admission.judge(state, admission.who(fields.user, fields.schema, charset, fields.plugin), now)
    login.plugin = fields.plugin
    login.change = True
    if login.verdict.effect == BLOCK:
        _deny(state, login, now)
        state.login = None
        return
    if _crowded(state, login, now):
        return
    state.server_reader = PacketReader(HANDSHAKE_LIMIT)
    state.asked_at = now
    _begin(state, login, state.reader.payload(), fields.auth)


def answer(state: State) -> None:
    """A client's packet for its auth plugin, when it is due."""
    login = state.login
    if login is None:
        raise ProtocolError("no login is under way")
    first = login.held != b""
    payload = bridge.answer(state, login, state.reader.payload())
    if not payload and state.reader.size:
        return  # the gate has answered, and the client has the next word too
    if first and state.server_tls and not login.change:
        secure.wrap(state, login, payload)
    else:
        _to_auth(state, payload)


def server_bytes(state: State, data: bytes, now: float) -> None:
    """What the server says during a login, until its OK or ERR."""
    reader = state.login_reader()
    login = state.login
    if login is None:
        raise ProtocolError("no login is under way")
    reader.feed(data)
    while _next(reader) != NEED_MORE:
        payload = reader.payload()
        if not payload:
            raise ProtocolError("empty packet from the server")
        first = payload[0]
        if first == MORE_DATA_HEADER:
            back = bridge.told(state, login, payload)
            if back:
                reader.seq = (reader.last_seq + 1) & 0xFF
                state.fx.to_server.append(build.packet(reader.seq, back))
                reader.seq = (reader.seq + 1) & 0xFF
                continue
        number = state.reader.seq
        raw = reader.raw
        state.fx.to_client.append(raw if number == reader.last_seq else build.packet(number, payload))
        state.reader.seq = (number + 1) & 0xFF
        if first in (OK_HEADER, ERR_HEADER):
            if reader.buffered:
                raise ProtocolError("the server spoke before its turn")
            if first == OK_HEADER:
                _done(state, login, payload, now)
            else:
                _failed(state, login, parse_err(payload, 0, len(payload)).errno, now)
            return
        login.rounds += 1
        if login.rounds > MAX_ROUNDS:
            raise ProtocolError("the login does not end")
        reader.seq = (reader.last_seq + 1) & 0xFF
        if first == EOF_HEADER or (
            first == NEXT_FACTOR_HEADER and state.capabilities & CLIENT_MULTI_FACTOR_AUTHENTICATION
        ):
            bridge.switched(state, login, payload)
        elif payload == FAST_AUTH_OK and login.plugin == CACHING_SHA2:
            continue
        if state.phase == AUTH:
            state.move(ANSWER)


def _next(reader: PacketReader) -> int:
    got = reader.next()
    if got == OVERSIZE:
        raise ProtocolError("packet too long for a login")
    return got


def _begin(state: State, login: Login, payload: bytes, auth: bytes) -> None:
    """Pass on what a login begins with, once its password and the server's leg are ready for it."""
    payload = bridge.first(state, login, payload, auth)
    if not payload:
        state.move(ANSWER)
    elif state.server_tls and not login.change:
        secure.wrap(state, login, payload)
    else:
        _to_auth(state, payload)


def _to_auth(state: State, payload: bytes) -> None:
    """Pass on a client's packet of the login; the server speaks next."""
    reader = state.reader
    server = state.login_reader()
    state.fx.to_server.append(build.packet(server.seq, payload))
    server.seq = (server.seq + 1 + len(payload) // MAX_PAYLOAD) & 0xFF
    reader.seq = (reader.last_seq + 1) & 0xFF
    state.move(AUTH)


def _deny(state: State, login: Login, now: float) -> None:
    record = state.denied(login.verdict.reason, now, login.verdict, ER_ACCESS_BLOCKED)
    state.answer(state.reader.last_seq + 1, ER_ACCESS_BLOCKED, "42000", blocked_message(record))


def _crowded(state: State, login: Login, now: float) -> bool:
    """Count the login among its user's sessions. True: it may not be passed on, and the client knows."""
    doors = state.brain.doors
    if doors is None or (login.change and login.user == state.place):
        return False
    if login.change and doors.shut(state.client_ip, now):
        errno = ER_HOST_IS_BLOCKED
        sqlstate = "HY000"
        why = "too many failed logins from this address; try again later"
    elif doors.enter(login.user):
        login.place = login.user
        return False
    else:
        errno = ER_TOO_MANY_USER_CONNECTIONS
        sqlstate = "42000"
        why = "this user has too many connections"
    state.denied(why, now, None, errno)
    state.answer(state.reader.last_seq + 1, errno, sqlstate, f"dbgate: {why}")
    if login.change:
        state.login = None
    else:
        state.end(why, now)
    return True


def _done(state: State, login: Login, payload: bytes, now: float) -> None:
    """The server's OK: the session is this user's from here on; its state is read before anything else is judged."""
    brain = state.brain
    plain = plain_ok(payload, 0, len(payload))
    if plain >= 0:
        state.status = plain >> 16 & 0xFFFF
    else:
        tracks = state.capabilities & CLIENT_SESSION_TRACK != 0
        status = brain.familiar.oks.get(payload, -1) if tracks else -1
        if status < 0:
            status = parse_ok(payload, 0, len(payload), state.capabilities).status
            if tracks:
                brain.familiar.keep_ok(payload, status)
        state.status = status
    who = login.who
    if login.key and who is not None:
        brain.familiar.keep_login(login.key, who, brain.epoch)
    state.logged_in = True
    state.user = login.user
    state.schema = login.schema
    state.entry = login.entry
    state.entry_epoch = login.epoch
    state.statements.clear()
    state.memory = None
    version = brain.policy.version if brain.policy is not None else ""
    record = state.new_record("connection.open", login.at)
    record.what = _CHANGE_USER if login.change else _CONNECT
    record.why = why_of(login.verdict, version) if who is None else who.why_for(login.verdict, version)
    state.count(record, login.verdict)
    record.duration_us = int((now - login.at) * 1_000_000)
    state.fx.finish(record)
    doors = brain.doors
    if doors is not None and login.place is not None:
        if state.place is not None:
            doors.left(state.place)
        state.place = login.place
    _to_context(state, now)


def _failed(state: State, login: Login, errno: int, now: float) -> None:
    """The server's ERR. A refused change of user leaves the session open, but the server may have reset it."""
    doors = state.brain.doors
    why = "the server refused the login"
    if doors is not None:
        denied = errno in (ER_ACCESS_DENIED, ER_ACCESS_DENIED_NO_PASSWORD)
        if denied and doors.failed(state.client_ip, now):
            why += "; there were too many from this address, which is turned away for a while"
        if login.change and login.place is not None:
            doors.left(login.place)
    state.denied(why, now, None, errno)
    if not login.change:
        state.end("the server refused the login", now)
        return
    state.statements.clear()
    state.memory = None
    _to_context(state, now)


def _to_context(state: State, now: float) -> None:
    state.login = None
    state.server_reader = None
    reader = state.reader
    reader.seq = 0
    reader.limit = state.brain.limits.statement
    reader.other_limit = state.brain.limits.packet
    state.move(CONTEXT)
    context.ask(state, now)
