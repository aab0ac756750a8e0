"""One attack: what is sent, in order, on one connection. The test decides by effect whether it worked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Step = str | bytes
Rows = Sequence[Step] | Sequence[tuple[Step, ...]] | Sequence[Step | tuple[Step, ...]]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """steps: texts for COM_QUERY, in order (an error in one does not stop the next). `:db NAME` sends COM_INIT_DB,
    `:prepare SQL` prepares and executes in the binary protocol, `:reset` is COM_RESET_CONNECTION.
    charset: of the connection. schema: at login. multi: several statements a text are on.
    deed: that the server accepts every step is an effect in itself. deadly: the server itself would end or hang on
    it, so it is tried through the gateway only."""

    name: str
    steps: tuple[Step, ...]
    charset: str = "utf8mb4"
    schema: str | None = "shop"
    multi: bool = True
    deed: bool = False
    deadly: bool = False


def attacks(prefix: str, rows: Rows, **options: object) -> list[Attack]:
    """Number the rows of one class: prefix.1, prefix.2, …"""
    return [
        Attack(name=f"{prefix}.{n}", steps=row if isinstance(row, tuple) else (row,), **options)  # type: ignore[arg-type]
        for n, row in enumerate(rows, 1)
    ]
