"""All attacks and all honest work of this folder, one class a module."""

from __future__ import annotations

from tests.attacks import (
    administration,
    assigns,
    cached,
    comment_ends,
    ddl,
    descriptions,
    dynamic,
    expressions,
    functions,
    honest,
    honest_conditions,
    honest_content,
    honest_drivers,
    honest_orm,
    honest_reports,
    honest_twins,
    injected,
    injected_words,
    lexical,
    positions,
    schemas,
    shadows,
    state_modes,
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
    cached,
    comment_ends,
    ddl,
    descriptions,
    dynamic,
    expressions,
    functions,
    injected,
    injected_words,
    lexical,
    positions,
    schemas,
    shadows,
    state_modes,
    tables,
    token_edges,
    token_edges_2,
    verbs,
    writes,
)
HONEST = (
    honest,
    honest_conditions,
    honest_content,
    honest_drivers,
    honest_orm,
    honest_reports,
    honest_twins,
)
ATTACKS: list[Attack] = [case for module in MODULES for case in module.CASES]
