"""Whether the server answers, asked without harm.

A server counts connections that end before a login as errors of that host, and after max_connect_errors of them it
blocks the host: a probe that connects and hangs up would in time lock the gateway out. So this one ends with a login
that the server refuses (account `dbgate-health`, no password), which is not counted. It is only made when sessions'
own connects have told nothing for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from dbgate.config.parse import Address
from dbgate.gateway.upstream import reason
from dbgate.wire.build import hollow_login, packet

USER: Final = b"dbgate-health"

_MOST_PACKETS: Final = 8


async def probe(address: Address, timeout: float) -> str:
    """ "" when a MySQL or MariaDB server answers at `address`, else one line: why not."""
    return (await look(address, timeout))[0]


async def look(address: Address, timeout: float) -> tuple[str, bytes]:
    """As probe, and the payload of the server's greeting."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(address.host, address.port, limit=1 << 16)
            try:
                return await _talk(reader, writer)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        return "no answer in time", b""
    except asyncio.IncompleteReadError:
        return "it closed the connection", b""
    except OSError as error:
        return reason(error), b""


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, bytes]:
    greeting = await _packet(reader)
    if greeting[:1] == b"\xff":
        return "it refuses connections: " + greeting[3:].decode("utf-8", "replace"), b""
    if greeting[:1] != b"\x0a":
        return "what answers there is no MySQL server", b""
    writer.write(hollow_login(USER))
    for _ in range(_MOST_PACKETS):  # to the end of the login
        reply = await _packet(reader)
        if reply[:1] == b"\xff":
            break
        if reply[:1] == b"\x00":  # somebody made that account: leave as one should
            writer.write(packet(0, b"\x01"))
            break
    return "", greeting


async def _packet(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(4)
    return await reader.readexactly(int.from_bytes(header[:3], "little"))
