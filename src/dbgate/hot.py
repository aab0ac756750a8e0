"""Which modules are compiled with mypyc, and whether the running ones are.

The list is the hot path and nothing else: leaf modules in the compiled dialect. Uncompiled, the same sources are the
reference, and the fallback where there is no C compiler.
"""

from __future__ import annotations

import importlib
from typing import Final

HOT_MODULES: Final = (
    "dbgate.audit.queue",
    "dbgate.audit.record",
    "dbgate.audit.redact",
    "dbgate.audit.ulid",
    "dbgate.errors",
    "dbgate.gate.admission",
    "dbgate.gate.brain",
    "dbgate.gate.bucket",
    "dbgate.gate.commands",
    "dbgate.gate.context",
    "dbgate.gate.crossing",
    "dbgate.gate.effects",
    "dbgate.gate.familiar",
    "dbgate.gate.handover",
    "dbgate.gate.judged",
    "dbgate.gate.limits",
    "dbgate.gate.login",
    "dbgate.gate.phase",
    "dbgate.gate.prepared",
    "dbgate.gate.question",
    "dbgate.gate.replies",
    "dbgate.gate.sensitive",
    "dbgate.gate.session",
    "dbgate.gate.shortcut",
    "dbgate.gate.state",
    "dbgate.gate.statements",
    "dbgate.gateway.connection",
    "dbgate.gateway.hub",
    "dbgate.gateway.legs",
    "dbgate.gateway.stall",
    "dbgate.policy.behind",
    "dbgate.policy.bycolumn",
    "dbgate.policy.clock",
    "dbgate.policy.columngrants",
    "dbgate.policy.compiled",
    "dbgate.policy.evaluate",
    "dbgate.policy.folding",
    "dbgate.policy.globs",
    "dbgate.policy.learned",
    "dbgate.policy.login",
    "dbgate.policy.names",
    "dbgate.policy.operations",
    "dbgate.policy.rights",
    "dbgate.policy.routines",
    "dbgate.policy.source",
    "dbgate.policy.steps",
    "dbgate.policy.transport",
    "dbgate.policy.verdict",
    "dbgate.sql.actions",
    "dbgate.sql.analyze",
    "dbgate.sql.beginnings",
    "dbgate.sql.cache",
    "dbgate.sql.canonical",
    "dbgate.sql.catalog",
    "dbgate.sql.charset",
    "dbgate.sql.columnlists",
    "dbgate.sql.columns",
    "dbgate.sql.columnscope",
    "dbgate.sql.columnshape",
    "dbgate.sql.comments",
    "dbgate.sql.condition_codes",
    "dbgate.sql.ddl",
    "dbgate.sql.digest",
    "dbgate.sql.dispatch",
    "dbgate.sql.dml",
    "dbgate.sql.dynamic",
    "dbgate.sql.facts",
    "dbgate.sql.fold",
    "dbgate.sql.frames",
    "dbgate.sql.functions",
    "dbgate.sql.hints",
    "dbgate.sql.injection",
    "dbgate.sql.injection_calls",
    "dbgate.sql.injection_comments",
    "dbgate.sql.injection_conditions",
    "dbgate.sql.injection_errors",
    "dbgate.sql.injection_operands",
    "dbgate.sql.injection_schemas",
    "dbgate.sql.injection_templates",
    "dbgate.sql.injection_unions",
    "dbgate.sql.injection_words",
    "dbgate.sql.keywords",
    "dbgate.sql.lexer",
    "dbgate.sql.lists",
    "dbgate.sql.mask",
    "dbgate.sql.memory",
    "dbgate.sql.modes",
    "dbgate.sql.outline",
    "dbgate.sql.patterns",
    "dbgate.sql.programs",
    "dbgate.sql.scan",
    "dbgate.sql.setting",
    "dbgate.sql.shape",
    "dbgate.sql.show",
    "dbgate.sql.skeleton",
    "dbgate.sql.slots",
    "dbgate.sql.sqlmode",
    "dbgate.sql.statement",
    "dbgate.sql.tokens",
    "dbgate.sql.uses",
    "dbgate.sql.variables",
    "dbgate.sql.where",
    "dbgate.sql.words_mariadb",
    "dbgate.sql.words_mysql",
    "dbgate.sql.wordset",
    "dbgate.stats.counters",
    "dbgate.stats.histogram",
    "dbgate.stats.layout",
    "dbgate.wire.build",
    "dbgate.wire.codec",
    "dbgate.wire.command",
    "dbgate.wire.constants",
    "dbgate.wire.files",
    "dbgate.wire.handshake",
    "dbgate.wire.kinds",
    "dbgate.wire.mould",
    "dbgate.wire.packet",
    "dbgate.wire.response",
    "dbgate.wire.rows",
    "dbgate.wire.status",
    "dbgate.wire.whole",
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
