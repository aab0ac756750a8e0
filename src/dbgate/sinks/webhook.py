"""Alerts to a web address, from a thread of the supervisor. tell() never waits and never fails; what the receiver does not
take is tried again for half a minute and then counted as lost. A storm of alerts of one kind becomes a message a minute."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import secrets
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dbgate import __version__
from dbgate.errors import ConfigError

LOG: Final = logging.getLogger("dbgate.sinks")

QUIET_SECONDS: Final = 60.0  # between two messages of one kind
MOST_A_WINDOW: Final = 20  # messages of all kinds in _WINDOW seconds
_WINDOW: Final = 600.0
_QUEUE: Final = 100
_KINDS: Final = 200
_TIMEOUT: Final = 5.0
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0)  # before each further attempt
_LONGEST_PAUSE: Final = 60.0
_AGAIN: Final = (408, 425, 429, 500, 502, 503, 504)
_LEAST_KEY: Final = 16


@dataclass(slots=True)
class _Kind:
    """What is known of one kind of alert. due: when the next message may go, monotonic; held: alerts since the last."""

    due: float = 0.0
    held: int = 0
    text: str = ""
    policy_version: str = ""


def read_key(path: str) -> bytes:
    """The key that signs: the file's content without the white space around it; b"" for no file. ConfigError where it
    cannot be read or is too short to protect anything."""
    if not path:
        return b""
    try:
        key = Path(path).read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"webhook_key_file: {path} cannot be read: {error.strerror}") from None
    if len(key) < _LEAST_KEY:
        raise ConfigError(
            f"webhook_key_file: {path} has less than {_LEAST_KEY} bytes; `openssl rand -hex 32` makes a key"
        )
    return key


def sign(key: bytes, at: int, body: bytes) -> str:
    """The value of X-Dbgate-Signature: the time it was sent, and HMAC-SHA-256 over that time, a dot and the body."""
    return f"t={at},v1={hmac.new(key, f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"


class Webhook:
    """instance: this gateway's name; key: signs the messages, b"" = unsigned. aim() says where to; until then, nothing is
    sent. sent, failed, dropped: messages so far."""

    def __init__(
        self,
        instance: str,
        key: bytes,
        *,
        now: Callable[[], float] = time.monotonic,
        pauses: tuple[float, ...] = _PAUSES,
    ) -> None:
        self.sent = 0
        self.failed = 0
        self.dropped = 0
        self._instance = instance
        self._key = key
        self._now = now
        self._pauses = pauses
        self._url = ""
        self._kinds: dict[str, _Kind] = {}
        self._times: deque[float] = deque(maxlen=MOST_A_WINDOW)
        self._queue: deque[bytes] = deque()
        self._news = threading.Condition()
        self._ended = False
        self._thread: threading.Thread | None = None

    @property
    def posts(self) -> dict[str, int]:
        """Messages by what became of them."""
        return {"sent": self.sent, "failed": self.failed, "dropped": self.dropped}

    def aim(self, url: str) -> None:
        """Where messages go from now on, "" = nowhere."""
        with self._news:
            self._url = url
            if not url:
                self._kinds.clear()
                self._queue.clear()
            elif self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
                self._thread.start()
            self._news.notify()

    def tell(self, kind: str, text: str, policy_version: str) -> None:
        """An alert. kind: what it is about; those of one kind are put together."""
        with self._news:
            if not self._url or self._ended:
                return
            if kind not in self._kinds and len(self._kinds) >= _KINDS:
                self.dropped += 1
                return
            known = self._kinds.setdefault(kind, _Kind())
            known.held += 1
            known.text, known.policy_version = text, policy_version
            self._news.notify()

    def close(self, timeout: float) -> None:
        """Sends what waits, without further attempts, for at most `timeout` seconds."""
        with self._news:
            self._ended = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join(timeout)

    # --- in the thread ---

    def _run(self) -> None:
        while True:
            with self._news:
                self._gather()
                while not self._queue and not self._ended:
                    self._news.wait(self._until_due())
                    self._gather()
                if not self._queue:
                    return
                body, url = self._queue.popleft(), self._url
            try:
                self._deliver(body, url)
            except Exception:  # an alert less, and never a thread less
                self.failed += 1
                LOG.exception("the webhook failed")

    def _until_due(self) -> float | None:
        """Seconds until something that is held may go; None = nothing is held."""
        waits = [kind.due for kind in self._kinds.values() if kind.held]
        if not waits:
            return None
        full = len(self._times) == MOST_A_WINDOW
        earliest = max(min(waits), self._times[0] + _WINDOW if full else 0.0)
        return max(0.01, earliest - self._now())

    def _gather(self) -> None:
        """Makes messages of the alerts whose time has come."""
        now = self._now()
        for name, kind in list(self._kinds.items()):
            if kind.held and (kind.due <= now or self._ended):
                full = len(self._times) == MOST_A_WINDOW and self._times[0] + _WINDOW > now
                if full and not self._ended:
                    continue
                if len(self._queue) >= _QUEUE:
                    self.dropped += 1
                else:
                    self._queue.append(self._message(name, kind))
                    self._times.append(now)
                kind.due, kind.held = now + QUIET_SECONDS, 0
            elif not kind.held and kind.due <= now:
                del self._kinds[name]

    def _message(self, name: str, kind: _Kind) -> bytes:
        more = kind.held - 1
        text = f"dbgate {self._instance}: {kind.text}"
        if more:
            text += f" (and {more} more alert{'s' if more > 1 else ''} of this kind before)"
        # `text` is what Slack shows; there, these three characters make links and mentions.
        safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        message = {
            "text": safe,
            "kind": name.partition(":")[0],
            "alert": kind.text,
            "instance": self._instance,
            "policy_version": kind.policy_version,
            "repeated": more,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return json.dumps(message).encode()

    def _deliver(self, body: bytes, url: str) -> None:
        delivery = secrets.token_hex(16)
        problem = ""
        for pause in (0.0, *self._pauses):
            if pause and not self._pause(pause):
                break
            status, wait, problem = self._post(url, body, delivery)
            if 200 <= status < 300:
                self.sent += 1
                return
            if status and status not in _AGAIN:
                break
            if wait and not self._pause(min(wait, _LONGEST_PAUSE)):
                break
        self.failed += 1
        # The path of such an address is often a secret.
        LOG.error("an alert could not be sent to the webhook at %s: %s", urlsplit(url).hostname, problem)

    def _pause(self, seconds: float) -> bool:
        """False where the end came meanwhile."""
        end = self._now() + seconds
        with self._news:
            while not self._ended and (left := end - self._now()) > 0:
                self._news.wait(left)
            return not self._ended

    def _post(self, url: str, body: bytes, delivery: str) -> tuple[int, float, str]:
        """One attempt: status (0 = none came), seconds that the receiver wants us to wait, and what went wrong."""
        parts = urlsplit(url)
        at = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"dbgate/{__version__}",
            "X-Dbgate-Delivery": delivery,  # the same at each attempt
        }
        if self._key:
            headers["X-Dbgate-Signature"] = sign(self._key, at, body)
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=_TIMEOUT, context=context
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            wait = answer.getheader("Retry-After", "")
            return (
                answer.status,
                float(wait) if wait.isascii() and wait.isdigit() else 0.0,
                f"status {answer.status}",
            )
        except (OSError, http.client.HTTPException, ValueError) as error:
            return 0, 0.0, str(error) or type(error).__name__
        finally:
            connection.close()
