"""What is configured of TLS, leg by leg: all that the gate knows of certificates."""

from __future__ import annotations

from typing import Final, final

from dbgate.gate.keys import RsaKey

# The server's leg. What is checked of its certificate is the shell's matter.
OFF: Final = 0
PREFER: Final = 1
REQUIRE: Final = 2


@final
class Legs:
    """What is configured, for all sessions of a worker. offered: clients may use TLS; required: they must; server:
    OFF, PREFER or REQUIRE; key: what clients in clear encrypt passwords with, where the server's leg may be TLS."""

    def __init__(
        self, offered: bool = False, required: bool = False, server: int = OFF, key: RsaKey | None = None
    ) -> None:
        self.offered = offered
        self.required = required
        self.server = server
        self.key = key
