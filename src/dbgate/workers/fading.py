"""Policies that are no longer in force: freed a little at a time. To free a large one at once, which happens where the
last of its sessions moves on, would hold up all others for milliseconds."""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import Final

from dbgate.policy.compiled import CompiledPolicy

STEP: Final = 8  # parts that are freed at once
_OURS: Final = 2  # references to a policy that nobody else has: ours, and that of the question


class _Held:
    """A policy, and those of its parts that are many."""

    def __init__(self, policy: CompiledPolicy) -> None:
        self.policy = policy
        self.parts: list[object] = [*policy.entries, *policy.users.values(), *policy.glob_sources]
        for variants in policy.variants.values():
            self.parts += variants.values()


class Fading:
    """Those that sessions still have, until they send their next command, and those that nobody has."""

    def __init__(self) -> None:
        self._held: list[_Held] = []

    def add(self, policy: CompiledPolicy) -> None:
        """`policy` was replaced just now."""
        self._held.append(_Held(policy))

    def __len__(self) -> int:
        return len(self._held)

    def freeing(self) -> Generator[None, None, None]:
        """Frees what only we have, some parts at a time."""
        waiting, self._held = self._held, []
        while waiting:
            held = waiting.pop()
            if sys.getrefcount(held.policy) > _OURS:
                self._held.append(held)
                continue
            parts = held.parts
            del held  # and the policy with it: its parts are alone now
            while parts:
                del parts[-STEP:]
                yield
