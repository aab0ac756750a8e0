"""All attacks of this folder, one class a module."""

from __future__ import annotations

from tests.attacks import (
    administration,
    assigns,
    comment_ends,
    ddl,
    descriptions,
    expressions,
    lexical,
    positions,
    shadows,
    tables,
    token_edges,
    token_edges_2,
    verbs,
    writes,
)
from tests.attacks.case import Attack

MODULES = (
    administration,
    assigns,
    comment_ends,
    ddl,
    descriptions,
    expressions,
    lexical,
    positions,
    shadows,
    tables,
    token_edges,
    token_edges_2,
    verbs,
    writes,
)
ATTACKS: list[Attack] = [case for module in MODULES for case in module.CASES]
