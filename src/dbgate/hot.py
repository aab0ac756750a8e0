"""Which modules are compiled with mypyc, and whether the running ones are.

The list is the hot path and nothing else: leaf modules in the compiled dialect. Uncompiled, the same sources are the
reference, and the fallback where there is no C compiler.
"""

from __future__ import annotations

import importlib
from typing import Final

HOT_MODULES: Final = (
    "dbgate.audit.record",
    "dbgate.errors",
    "dbgate.gate.effects",
    "dbgate.policy.verdict",
    "dbgate.sql.lexer",
    "dbgate.sql.statement",
    "dbgate.sql.tokens",
    "dbgate.wire.codec",
    "dbgate.wire.packet",
)


def compiled_modules() -> tuple[str, ...]:
    """Those of HOT_MODULES that this process runs as machine code."""
    found = []
    for name in HOT_MODULES:
        file = importlib.import_module(name).__file__ or ""
        if not file.endswith(".py"):
            found.append(name)
    return tuple(found)


def describe() -> str:
    """One phrase for the start line of `dbgate serve`: "compiled", "pure Python", or how many of them."""
    count = len(compiled_modules())
    if count == len(HOT_MODULES):
        return "compiled"
    return "pure Python" if count == 0 else f"partly compiled ({count} of {len(HOT_MODULES)} modules)"
