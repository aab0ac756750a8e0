"""Optimizer hints that do more than hint: SET_VAR sets a session variable for the statement (MySQL)."""

from __future__ import annotations

import re
from typing import Final

from dbgate.sql import variables
from dbgate.sql.facts import Facts
from dbgate.sql.tokens import COMMENT_HINT

_SET_VAR: Final = re.compile(rb"set_var\s*\(\s*([^=\s)]*)", re.IGNORECASE)


def judge_hints(facts: Facts, lo: int, hi: int) -> None:
    """Judges the variables that hints within tokens [lo, hi) set as SET would."""
    tokens = facts.tokens
    for comment in tokens.comments:
        if comment.kind != COMMENT_HINT or not lo < comment.before <= hi:
            continue
        for found in _SET_VAR.finditer(tokens.text, comment.start, comment.end):
            name = found[1].strip(b"`").decode("latin-1").lower()
            if variables.refused(name) or name in variables.FOLLOWED:
                facts.session_state = f"variable {name} may not be set in a hint"
            elif name not in variables.HARMLESS:
                facts.bare("SET")
