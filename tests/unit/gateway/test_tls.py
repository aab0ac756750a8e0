"""A TLS leg as a transport: what is no matter of TLS goes through it."""

from __future__ import annotations

import asyncio
import ssl

from dbgate.gate.effects import SECURE_CLIENT
from dbgate.gateway.certificates import Contexts
from dbgate.gateway.tls import make_leg


class Below(asyncio.Transport):
    """A transport that notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__(extra={"peername": ("10.0.0.7", 5)})
        self.asked: list[object] = []

    def is_closing(self) -> bool:
        return False

    def resume_reading(self) -> None:
        self.asked.append("resume_reading")

    def pause_reading(self) -> None:
        self.asked.append("pause_reading")

    def get_write_buffer_size(self) -> int:
        return 17

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.asked.append((high, low))

    def abort(self) -> None:
        self.asked.append("abort")


class Above(asyncio.Protocol):
    def __init__(self) -> None:
        self.told: list[str] = []

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")


def test_what_is_no_matter_of_tls_goes_through() -> None:
    contexts = Contexts(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), None, "")
    below, above = Below(), Above()
    leg = make_leg(contexts, SECURE_CLIENT, below, above, lambda which, why, subject: None)
    leg.set_write_buffer_limits(high=0)
    leg.pause_reading()
    leg.resume_reading()
    leg.writelines([b"what is said ", b"before the handshake waits"])
    assert not leg.is_closing()
    leg.abort()
    assert below.asked == [(0, None), "pause_reading", "resume_reading", "abort"]
    assert leg.get_write_buffer_size() == 17 and leg.get_extra_info("peername") == ("10.0.0.7", 5)
    leg.pause_writing()
    leg.resume_writing()
    assert above.told == ["pause", "resume"]
