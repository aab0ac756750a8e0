"""On recorded statements: texts that differ only in what the fast digest cuts out do the same, where that is claimed."""

from __future__ import annotations

import random

from dbgate.sql.analyze import analyze
from dbgate.sql.digest import fast_digest
from dbgate.sql.statement import MARIADB, LexContext
from tests.corpus.rows import rows
from tests.unit.sql.sharing import facts, variant


def test_variants_of_recorded_statements_share_their_facts() -> None:
    choose = random.Random(7)
    texts = [
        str(row["sql"]).encode("utf-8", "surrogateescape")
        for name in ("orm", "clients", "mariadb")
        for row in rows(name)
    ]
    ctx = LexContext(MARIADB, 101106)
    shared = 0
    for text in choose.sample(texts, 3000):
        key = fast_digest(text, ctx)
        if key is None:
            continue
        analysis = analyze(text, ctx, "shop")
        if not analysis.shared:
            continue
        shared += 1
        other = variant(text, ctx, choose)
        assert fast_digest(other, ctx) == key, (text, other)
        assert facts(analyze(other, ctx, "shop")) == facts(analysis), (text, other)
    assert shared > 300
