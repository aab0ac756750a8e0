"""What may sit at the path of a control socket: it takes a request and says what it was told to say."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Answer = bytes


@dataclass(slots=True)
class Stranger:
    """answer: what it says, by the path that is asked for; drip: seconds between two bytes of it, 0 = at once; hold: the
    connection stays open behind it; then: what it says again and again behind it, until nobody listens."""

    answer: Callable[[str], Answer]
    drip: float = 0.0
    hold: bool = False
    then: bytes = b""


def http(body: bytes, status: int = 200, kind: bytes = b"application/json") -> bytes:
    """An answer in HTTP."""
    return b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        kind,
        len(body),
        body,
    )


@contextmanager
def listening(path: Path, stranger: Stranger) -> Iterator[None]:
    """It answers at `path`, one caller after the other."""
    path.unlink(missing_ok=True)
    ended = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(5)
        thread = threading.Thread(target=_serve, args=(listener, stranger, ended))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(30)


def _serve(listener: socket.socket, stranger: Stranger, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            with contextlib.suppress(OSError):  # it has heard enough
                _answer(peer, stranger, ended)


def _answer(peer: socket.socket, stranger: Stranger, ended: threading.Event) -> None:
    answer = stranger.answer(_take_request(peer))
    if stranger.drip:
        for number in range(len(answer)):
            peer.sendall(answer[number : number + 1])
            if ended.wait(stranger.drip):
                return
    else:
        peer.sendall(answer)
    while stranger.then and not ended.is_set():
        peer.sendall(stranger.then)
    if stranger.hold:
        peer.settimeout(30)
        while peer.recv(65_536):
            pass


def _take_request(peer: socket.socket) -> str:
    """Reads a request to its end, for head and body may come one after the other; gives its path."""
    got = b""
    while b"\r\n\r\n" not in got:
        if not (more := peer.recv(65_536)):
            return ""
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length is not None and len(body) < int(length[1]) and (more := peer.recv(65_536)):
        body += more
    return head.split(b" ")[1].decode()
