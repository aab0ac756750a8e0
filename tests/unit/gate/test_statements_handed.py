"""Prepared statements with texts that are analysed elsewhere."""

from __future__ import annotations

from dbgate.gate.phase import ANALYSIS
from dbgate.wire.build import packet
from tests.unit.gate.test_handover import PREPARE, SECRET
from tests.unit.gate.test_statements import execute, prepared
from tests.unit.wire import making
from tests.unit.wire.making import binary_row, chain, ok

from .elsewhere import Handed
from .play import context


def test_prepared_statements() -> None:
    play = Handed().login()
    play.client(packet(0, PREPARE))
    assert (play.to_server, play.question().prepared) == (b"", True)
    play.analysed()
    assert play.to_server == packet(0, PREPARE)
    play.server(chain(prepared(7)))
    play.passes(execute(7), [b"\x01", making.column(), binary_row(b"1"), ok(header=0xFE)])
    assert play.last.operation == "SELECT"
    play.client(packet(0, b"\x16" + SECRET) + packet(0, execute(0xFFFFFFFF)))
    play.analysed()
    assert [r.rule for r in play.records[-2:]] == ["table-denied", "protocol-command"]


def moved() -> Handed:
    """A session that has prepared a long text, and another SQL mode since."""
    play = Handed().login()
    play.client(packet(0, PREPARE)).analysed()
    play.server(chain(prepared(7)))
    play.ask(b"SET sql_mode = 'ANSI_QUOTES'").server(packet(1, ok()))
    play.server(chain(context(modes=b"ANSI_QUOTES")))
    return play


def test_a_long_text_that_the_server_may_prepare_anew_is_analysed_anew() -> None:
    play = moved()
    play.client(packet(0, execute(7)))
    assert (play.to_server, play.gate.state.phase) == (b"", ANALYSIS)
    assert play.question().ctx.ansi_quotes
    play.analysed(none=True)
    assert (play.to_server, play.last.rule) == (b"", "internal-error")
    play.client(packet(0, b"\x1c\x07\x00\x00\x00\x01\x00\x00\x00"))  # what failed is asked for once more
    play.analysed()
    assert play.to_server[4:5] == b"\x1c"
    play.server(chain([ok(header=0xFE)]))
    play.passes(execute(7), [b"\x01", making.column(), binary_row(b"1"), ok(header=0xFE)])
