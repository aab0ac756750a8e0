"""The dashboard's own record of who did what: one JSON object a line, for every login and every act."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from dbgate.errors import ConfigError


class ActionLog:
    """path: the file, "-" for standard error; wall: Unix seconds."""

    def __init__(self, path: str, wall: Callable[[], float]) -> None:
        self._path = path
        self._wall = wall
        self._fd = -1
        if path != "-":
            try:
                self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            except OSError as error:
                raise ConfigError(f"the action log {path} cannot be written: {error.strerror}") from None

    def write(
        self,
        event: str,
        user: str,
        address: str,
        outcome: str,
        *,
        role: str = "",
        instance: str = "",
        detail: str = "",
    ) -> None:
        """event: dashboard.login, session.kill, …; outcome: done, refused or failed. Where the file cannot be
        written, the line goes to standard error."""
        moment = datetime.fromtimestamp(self._wall(), UTC).isoformat(timespec="milliseconds")
        line = json.dumps(
            {
                "time": moment.replace("+00:00", "Z"),
                "event": event,
                "user": user,
                "role": role,
                "client_ip": address,
                "instance": instance,
                "outcome": outcome,
                "detail": detail,
            },
            ensure_ascii=True,
        )
        try:
            if self._fd >= 0:
                os.write(self._fd, line.encode() + b"\n")
                return
        except OSError as error:
            print(f"the action log {self._path} cannot be written: {error.strerror}", file=sys.stderr)
        print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Lets the file go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
