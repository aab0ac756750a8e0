"""TLS on a leg that began in clear: a transport on top of a transport, and the protocol of the one below.

Our own, on `ssl.MemoryBIO`, because loop.start_tls loses what was already read: a ClientHello in the same segment as
the SSLRequest. Legs without TLS never come here. Nothing is kept here: one read of the transport below is decrypted
at once, and what is written is with the transport below, whose buffer and pauses are the session's back-pressure.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable, Iterable
from typing import Any, Final, final

from dbgate.gate.effects import SECURE_CLIENT
from dbgate.gateway.certificates import Contexts, subject_of

LOG: Final = logging.getLogger("dbgate.gateway")

_MOST_QUEUED: Final = 1 << 20  # bytes that may wait for a handshake: one login
_RECORD: Final = 1 << 14  # most bytes that one record holds (RFC 8446, 5.1), and so one read gives


@final
class TlsLeg(asyncio.Transport, asyncio.Protocol):
    """below: the connection; above: the protocol that gets what was inside; done(which, why, subject): the handshake of
    the leg `which` is over, why: "" or, where it failed, one line for the log, after which `above` hears nothing more
    but connection_lost; subject: of the peer's certificate, as subject_of has it."""

    def __init__(
        self,
        below: asyncio.Transport,
        above: asyncio.Protocol,
        context: ssl.SSLContext,
        server_name: str | None,
        which: int,
        done: Callable[[int, str, str], None],
    ) -> None:
        super().__init__()
        self._below = below
        self._above = above
        self._which = which
        self._done = done
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_name is None, server_hostname=server_name
        )
        self._ready = False
        self._over = False  # no more is to be read
        self._queued = b""  # to be sent as soon as it can be sent inside
        self._closing = False  # … and then to be closed

    def start(self, early: bytes) -> None:
        """Shake hands; early: what the peer has sent of it already."""
        self._below.set_protocol(self)
        self.data_received(early)

    # --- as the protocol of the transport below ---

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        if data:
            self._incoming.write(data)
        if self._ready or self._shake():
            self._read()

    def _shake(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError as error:  # also a certificate that is not taken
            self._flush()  # the alert that tells the peer
            self._failed(_reason(error))
            return False
        except ValueError as error:  # a name that can be in no certificate
            self._failed(str(error))
            return False
        self._flush()
        self._ready = True
        queued = self._queued
        self._queued = b""
        self._done(self._which, "", subject_of(self._tls.getpeercert(binary_form=True)))
        if queued:
            self.write(queued)
        if self._closing:
            self.close()
        return True

    def _failed(self, why: str) -> None:
        self._over = True
        self._done(self._which, why, "")

    def _read(self) -> None:
        tls = self._tls
        incoming = self._incoming
        part = b""
        parts: list[bytes] = []
        ended = False
        broken = ""
        # A read that has nothing to give raises: so it is only tried where something is left.
        while not ended and (incoming.pending or tls.pending()):
            if part:
                parts.append(part)
                part = b""
            try:
                part = tls.read(_RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError as error:
                broken = "" if isinstance(error, ssl.SSLZeroReturnError) else _reason(error)
            ended = not part
        if self._outgoing.pending:
            self._flush()
        if parts:
            parts.append(part)
            self._above.data_received(b"".join(parts))
        elif part:
            self._above.data_received(part)
        if ended and not self._over:
            if broken:
                LOG.info("a TLS connection is broken: %s", broken)
            self._over = True
            self._above.eof_received()
            self._below.close()

    def _flush(self) -> None:
        """Sends what OpenSSL has to say."""
        data = self._outgoing.read()
        if data and not self._below.is_closing():
            self._below.write(data)

    def pause_writing(self) -> None:
        self._above.pause_writing()

    def resume_writing(self) -> None:
        self._above.resume_writing()

    def eof_received(self) -> None:
        """Without a goodbye in TLS: MySQL's packets say themselves where they end."""
        if self._over:
            return
        self._over = True
        if self._ready:
            self._above.eof_received()
        else:
            self._done(self._which, "the peer hung up", "")

    def connection_lost(self, exc: Exception | None) -> None:
        self._over = True
        self._above.connection_lost(exc)

    # --- as the transport of the protocol above ---

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._below.is_closing():
            return
        if not self._ready:
            if not self._over and len(self._queued) < _MOST_QUEUED:
                self._queued += data
            return
        if not data:
            return
        try:
            # It takes all at once, as the memory behind it does; its contract does not say so.
            done = self._tls.write(data)
            while done < len(data):
                done += self._tls.write(memoryview(data)[done:])
        except ssl.SSLError as error:
            LOG.info("a TLS connection cannot be written: %s", _reason(error))
        self._flush()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        self._goodbye()
        self._below.write_eof()

    def close(self) -> None:
        """Where something waits for the handshake, after that; the session's timers bound it."""
        if self._queued and not self._over:
            self._closing = True
            return
        self._goodbye()
        self._below.close()

    def _goodbye(self) -> None:
        if self._ready and not self._below.is_closing():
            with contextlib.suppress(ssl.SSLError, ValueError):
                self._tls.unwrap()  # it would wait for the peer's goodbye, which nobody needs
            self._flush()

    def abort(self) -> None:
        self._below.abort()

    def is_closing(self) -> bool:
        return self._closing or self._below.is_closing()

    def pause_reading(self) -> None:
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._below.resume_reading()

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._below.set_write_buffer_limits(high, low)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._below.get_extra_info(name, default)


def make_leg(
    contexts: Contexts | None,
    which: int,
    below: asyncio.Transport,
    above: asyncio.Protocol,
    done: Callable[[int, str, str], None],
) -> TlsLeg:
    """The leg that the gate asks for (Effects.secure). It does nothing before its start()."""
    client = which == SECURE_CLIENT
    context = None if contexts is None else contexts.client if client else contexts.server
    if contexts is None or context is None:
        raise RuntimeError("TLS on a leg for which none is configured")
    return TlsLeg(below, above, context, None if client else contexts.server_name, which, done)


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {error.verify_message}"
    return str(error.reason or type(error).__name__).replace("_", " ").lower()
