"""Which columns of a result sensitive_columns means, looked up once for each set of them."""

from __future__ import annotations

from typing import Final, final

from dbgate.policy.compiled import CompiledPolicy
from dbgate.wire.whole import names_in

MOST_KEPT_HEAD: Final = 2048  # bytes of column definitions that are looked up as they come


@final
class SensitiveNames:
    """Under one policy. most: sets of columns that are remembered, by their names and by their definitions each."""

    def __init__(self, policy: CompiledPolicy | None, most: int) -> None:
        self._policy = policy
        self._most = most
        self._by_names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._by_head: dict[bytes, tuple[str, ...]] = {}

    def among(self, columns: list[bytes]) -> tuple[str, ...]:
        """Those of a result's columns, named as the server sends them, that are meant."""
        policy = self._policy
        if policy is None:
            return ()
        names = tuple([name.decode("utf-8", "backslashreplace").lower() for name in columns])
        found = self._by_names.get(names)
        if found is None:
            if len(self._by_names) >= self._most:
                self._by_names.clear()
            found = policy.sensitive(names)
            self._by_names[names] = found
        return found

    def within(self, head: bytes) -> tuple[str, ...]:
        """The same by the columns' definitions as they came: each run of a statement has the same ones. ProtocolError
        where they are none."""
        found = self._by_head.get(head)
        if found is None:
            found = self.among(names_in(head))
            if len(head) <= MOST_KEPT_HEAD:
                if len(self._by_head) >= self._most:
                    self._by_head.clear()
                self._by_head[head] = found
        return found
