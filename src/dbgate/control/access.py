"""How a gateway is reached from elsewhere, and the errors of whoever asks one."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dbgate.errors import DbgateError


class ControlError(DbgateError):
    """A call did not succeed. message: what is wrong; hint: what to do next, may be ""."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Unreachable(ControlError):
    """No gateway answered: none is there, it may not be asked, it is too slow, or what answers is no dbgate."""


@dataclass(frozen=True, slots=True)
class Access:
    """token_file: holds the token; ca: PEM file of the authority that the gateway's certificate is of, "" = the system's."""

    token_file: str = ""
    ca: str = ""

    @classmethod
    def from_environment(cls) -> Access:
        """As DBGATE_CONTROL_TOKEN_FILE and DBGATE_CONTROL_CA name them."""
        return cls(os.environ.get("DBGATE_CONTROL_TOKEN_FILE", ""), os.environ.get("DBGATE_CONTROL_CA", ""))


def remote(path: str) -> bool:
    """Whether a gateway is named by an address rather than by its socket."""
    return path.startswith("https://")
