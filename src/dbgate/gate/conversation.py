"""What the shell calls of one connection's brain. gate.session.Gate is one; tests of the shell pass a scripted one.

An abstract class and no Protocol, so that compiled code calls a compiled one without a search for its methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbgate.gate.effects import Effects

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr
else:

    def mypyc_attr(**_: Any) -> Any:
        """For the compiler alone."""
        return lambda made: made


@mypyc_attr(allow_interpreted_subclasses=True)
class Conversation:
    """Each method takes one event; `now` is monotonic seconds. The Effects are the conversation's own: they hold until
    its next call. See gate.session.Gate for what each one means."""

    def client_bytes(self, data: bytes, now: float) -> Effects:
        raise NotImplementedError

    def server_bytes(self, data: bytes, now: float) -> Effects:
        raise NotImplementedError

    def client_closed(self, now: float) -> Effects:
        raise NotImplementedError

    def server_closed(self, now: float) -> Effects:
        raise NotImplementedError

    def refuse(self, errno: int, sqlstate: str, message: str) -> Effects:
        raise NotImplementedError

    def drain(self, now: float) -> Effects:
        raise NotImplementedError

    def kill(self, now: float) -> Effects:
        raise NotImplementedError

    def expired(self, now: float) -> Effects:
        raise NotImplementedError

    def stalled(self, now: float) -> Effects:
        raise NotImplementedError

    def settled(self, number: int, now: float) -> Effects:
        raise NotImplementedError

    def describe(self) -> dict[str, object]:
        raise NotImplementedError

    def client_secured(self, subject: str, now: float) -> Effects:
        raise NotImplementedError

    def server_secured(self, now: float) -> Effects:
        raise NotImplementedError

    def not_secured(self, why: str, now: float) -> Effects:
        raise NotImplementedError
