"""How the tests of the second cache level vary a text: other literals in the places that the fast digest cuts out."""

from __future__ import annotations

import random
import re

from dbgate.sql.digest import PATTERNS
from dbgate.sql.statement import Analysis, LexContext

NUMBERS = (b"0", b"1", b"2", b"9", b"10", b"4711", b"1.5", b"0.0", b"100000000000000000000", b"00")
# Everything that may mean something outside of a string; no quote, no backslash.
INSIDES = (
    b"", b"a", b"%", b"-- x", b"/*", b"*/", b"#", b";", b"1=1", b"mysql", b"SELECT", b"`", b"0", b"1", b"\xff", b"?",
    b"x OR 1", b"/*!50000 x", b")", b"information_schema.",
)  # fmt: skip


def variant(text: bytes, ctx: LexContext, choose: random.Random) -> bytes:
    """`text` with another literal of the same kind in each place that the fast pattern cuts out."""
    mode = ctx.ansi_quotes * 2 + ctx.no_backslash_escapes
    out: list[bytes] = []
    end = 0
    for match in PATTERNS[mode].finditer(text):
        if match.end(1) == match.end() or match[3]:
            continue
        out.append(text[end : match.end(1)])
        out.append(_literal(match, ctx, choose))
        end = match.end()
    out.append(text[end:])
    return b"".join(out)


def _literal(match: re.Match[bytes], ctx: LexContext, choose: random.Random) -> bytes:
    quote: bytes | None = match[2]
    if quote is None:
        return choose.choice(NUMBERS)
    inside = choose.choice(INSIDES)
    if not ctx.no_backslash_escapes:
        inside += choose.choice((b"", b"", b"\\" + quote, b"\\\\", b"\\n"))
    inside += choose.choice((b"", b"", quote + quote, b'"' if quote == b"'" else b"'"))
    return quote + inside + quote


def facts(analysis: Analysis) -> tuple[object, ...]:
    """What policy, gate and audit read of an analysis, without the texts that show literals' places."""
    return (
        tuple(
            (
                s.verb,
                s.operations,
                s.needs,
                s.session,
                s.functions,
                s.calls,
                s.creates_routine,
                s.dynamic,
                s.unfiltered,
                tuple((hit.detector, hit.reason) for hit in s.detections),
                s.session_state,
                s.new_schema,
                s.rereads,
                s.new_charset,
                s.local_infile,
                s.identifiers,
            )
            for s in analysis.statements
        ),
        analysis.error,
        analysis.session_state,
        analysis.digest,
    )
