"""How a login ends that breaks off on its way into TLS."""

from __future__ import annotations

import pytest

from dbgate.errors import ProtocolError
from dbgate.wire import constants as c
from dbgate.wire.build import packet
from tests.unit.wire import making
from tests.unit.wire.making import chain, ok

from .play import CLIENT, context
from .tlsplay import TlsPlay


def test_the_server_gets_a_whole_login_without_an_answer() -> None:
    """A handshake that breaks off would be counted against the gateway's host (max_connect_errors)."""
    play = TlsPlay(False, True).greeted()
    play.say(making.response(CLIENT))
    play.take(play.gate.client_closed(play.now))
    assert play.to_server == packet(2, making.response(CLIENT | c.CLIENT_SSL)) + packet(4, b"")


def test_there_is_no_reader_for_logins_behind_them() -> None:
    play = TlsPlay(False).greeted().answered()
    state = play.gate.state
    assert state.login_reader() is state.server_reader
    play.server(packet(2, ok())).server(chain(context()))
    assert state.server_reader is None
    with pytest.raises(ProtocolError, match="no login"):
        state.login_reader()
