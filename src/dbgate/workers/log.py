"""The gateway's own log: one JSON object a line on standard error."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, TextIO

from dbgate.config.settings import Settings
from dbgate.policy.compiled import CompiledPolicy

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonFormatter(logging.Formatter):
    """time (RFC 3339, UTC), level, logger, process, message, and error with the traceback where there is one."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, str] = {
            "time": stamp.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": self.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


def set_up(level: str, process: str, stream: TextIO | None = None) -> None:
    """Sends everything from `level` up to `stream` (standard error). process: "supervisor" or "worker 0"."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(process))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    _set_level(level)


def _set_level(level: str) -> None:
    """From now on, everything from `level` up."""
    root = logging.getLogger()
    root.setLevel(_LEVELS.get(level, logging.INFO))
    logging.getLogger("asyncio").setLevel(max(root.level, logging.WARNING))


def _set_format(form: str, process: str) -> None:
    """ "json" (also for ""), or "text" for plain lines."""
    formatter = logging.Formatter(_TEXT) if form == "text" else JsonFormatter(process)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)


def follow_policy(settings: Settings, policy: CompiledPolicy | None, process: str) -> None:
    """The policy's log_level and log_format hold where the settings do not say."""
    level = policy.log_level if policy is not None and "log_level" not in settings.explicit else ""
    _set_level(level or settings.log_level)
    _set_format(policy.log_format if policy is not None else "", process)


def wall_offset() -> float:
    """Unix seconds minus monotonic seconds, taken now: what turns one clock's value into the other's."""
    return time.time() - time.monotonic()


def warn(findings: Iterable[str]) -> None:
    """Logs what was noticed before there was a log."""
    for finding in findings:
        logging.getLogger("dbgate").warning(finding)
