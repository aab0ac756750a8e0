"""The errors that dbgate's own code raises on purpose; anything else that escapes is a defect.

Two families, as in h11: the peer's fault (`ProtocolError`) and the operator's (`PolicyError`, `ConfigError`).
"""

from __future__ import annotations

from typing import final


class DbgateError(Exception):
    """Base of all documented errors."""


@final
class ProtocolError(DbgateError):
    """A peer sent bytes that the MySQL protocol does not allow here. The session ends."""


@final
class ConfigError(DbgateError):
    """A setting (flag, environment variable, dbgate.yaml) is wrong; the message says where and what is expected."""


@final
class Problem:
    """One finding in a policy file: place, key, what is wrong and what to do."""

    def __init__(self, file: str, line: int, column: int, key: str, message: str) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.key = key
        self.message = message

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


@final
class PolicyError(DbgateError):
    """A policy file was refused; `problems` lists every finding, in file order."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems
