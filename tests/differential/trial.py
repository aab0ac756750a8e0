"""Runs generated statements on a real server and compares what it opened with what our analysis named."""

from __future__ import annotations

import random
from collections import Counter

from dbgate.sql.analyze import analyze
from dbgate.sql.lexer import lex
from dbgate.sql.sqlmode import parse_sql_mode
from dbgate.sql.statement import MARIADB, LexContext
from tests.differential.grammar import Made, make
from tests.differential.judge import Behind, locks_rows, misses, refused, unopened
from tests.differential.truth import MySQLTruth, Truth
from tests.differential.world import behind, setup

CHARSETS = (
    "utf8mb4",
    "utf8mb4",
    "utf8mb4",
    "utf8mb3",
    "latin1",
    "latin1",
    "ascii",
    "binary",
    "koi8r",
    "gb2312",
    "ujis",
    "hebrew",
)
MODES = ("ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "IGNORE_SPACE", "PIPES_AS_CONCAT", "HIGH_NOT_PRECEDENCE")


def contexts(choose: random.Random, flavour: int, version: int, fold: bool = False) -> tuple[LexContext, str]:
    """A random context, and the text that brings a session into it."""
    modes = [mode for mode in MODES if choose.random() < 0.25]
    if choose.random() < 0.1:
        modes = ["ANSI"]
    if choose.random() < 0.2:
        modes.append("STRICT_TRANS_TABLES")
    charset = choose.choice(CHARSETS)
    mode = parse_sql_mode(",".join(modes))
    ctx = LexContext(
        flavour, version, charset, mode.ansi_quotes, mode.no_backslash_escapes, mode.ignore_space, mode.pipes_as_concat,
        mode.high_not_precedence, fold,
    )  # fmt: skip
    return ctx, ",".join(modes)


class Found:
    """One miss: the text, its context, and what was missed."""

    def __init__(
        self, made: Made, ctx: LexContext, mode: str, schema: str, what: list[str], outcome: str
    ) -> None:
        self.made = made
        self.ctx = ctx
        self.mode = mode
        self.schema = schema
        self.what = what
        self.outcome = outcome

    def __repr__(self) -> str:
        return f"{self.what} by {self.made.text!r} ({self.ctx.key} {self.mode!r} in {self.schema}; server: {self.outcome or 'ok'})"


class Trial:
    """A server with the world in it, and the counts of a run."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.behind: Behind = behind()
        self.counts: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.false_blocks: dict[str, list[bytes]] = {}
        self.over: dict[tuple[str, str], list[bytes]] = {}
        self.found: list[Found] = []
        self.crashing: list[bytes] = []
        if not hasattr(truth, "client"):
            truth.connect("")
        self.restore()

    def restore(self) -> None:
        """Makes the world anew."""
        for text in setup(self.truth.flavour):
            answer = self.truth.admin.run(text.encode())
            assert not answer, (text, answer)
        if isinstance(self.truth, MySQLTruth):
            self.truth.names()
            self.truth.clear()

    def enter(self, mode: str, charset: str, schema: str) -> None:
        """Brings the observed session into this state."""
        client = self.truth.client
        client.schema = schema
        for text in (
            f"SET sql_mode = '{mode}'",
            f"SET NAMES {charset}",
            f"USE {schema}",
            "SET character_set_results = utf8mb4",
        ):
            answer = client.run(text.encode())
            assert not answer, (text, answer)

    def one(self, made: Made, ctx: LexContext, mode: str, schema: str) -> None:
        """Runs one text and judges it."""
        truth = self.truth
        analysis = analyze(made.text, ctx, schema)
        why = refused(analysis)
        crashes = truth.client.crashes
        outcome = truth.client.run(made.text)
        if truth.client.crashes > crashes:  # a bug of the server's, and none of ours
            self.counts["crashed the server"] += 1
            self.crashing.append(made.text)
            truth.admin.open()
            self.restore()
            self.enter(mode, ctx.charset, schema)
            truth.opened()
            return
        opened = truth.opened(made.ddl) if isinstance(truth, MySQLTruth) else truth.opened()
        self.counts["run"] += 1
        self.kinds[f"{made.kind} {'ok' if not outcome else outcome.split(' ')[0]}"] += 1
        if not outcome:
            self.counts["accepted"] += 1
        if opened:
            self.counts["opened something"] += 1
        if why:
            self.counts["refused by us"] += 1
            if not outcome:
                self.counts["accepted, refused by us"] += 1
                self.false_blocks.setdefault(f"{made.kind}: {why}", []).append(made.text)
        else:
            what = misses(analysis, opened, self.behind, locks_rows(made.text, ctx), truth.fold)
            if opened:
                self.counts["compared"] += 1
            if what:
                self.found.append(Found(made, ctx, mode, schema, what, outcome))
            elif not outcome:
                for name in unopened(analysis, opened):
                    self.over.setdefault((made.kind, name[1]), []).append(made.text)

    def again(self, text: bytes, found: Found) -> bool:
        """Whether this text misses something too, in the context of a miss that was found."""
        self.enter(found.mode, found.ctx.charset, found.schema)
        self.truth.opened()
        before = len(self.found)
        counts, kinds = self.counts.copy(), self.kinds.copy()
        self.one(Made(text, found.made.kind, found.made.ddl, True), found.ctx, found.mode, found.schema)
        self.counts, self.kinds = counts, kinds
        missed = len(self.found) > before
        del self.found[before:]
        self.truth.client.reset()
        if found.made.ddl:
            self.restore()
        return missed

    def shrink(self, found: Found) -> bytes:
        """The shortest text that still misses something: pieces are taken out as long as it does."""
        text = found.made.text
        starts = [*lex(text, found.ctx).starts, len(text)]
        pieces = [text[starts[i] : starts[i + 1]] for i in range(len(starts) - 1)]
        if not self.again(b"".join(pieces), found):
            return text
        size = len(pieces) // 2
        while size:
            at = 0
            while at < len(pieces):
                shorter = pieces[:at] + pieces[at + size :]
                if shorter and self.again(b"".join(shorter), found):
                    pieces = shorter
                else:
                    at += max(1, size // 2)
            size //= 2
        return b"".join(pieces)

    def session(self, choose: random.Random, count: int) -> None:
        """`count` statements in one session state."""
        ctx, mode = contexts(choose, self.truth.flavour, self.truth.version, self.truth.fold)
        schema = choose.choice(("shop", "shop", "shop", "vault"))
        self.enter(mode, ctx.charset, schema)
        for _ in range(count):
            made = make(choose, ctx, schema)
            self.one(made, ctx, mode, schema)
            self.tidy(made, ctx, mode, schema)

    def tidy(self, made: Made, ctx: LexContext, mode: str, schema: str) -> None:
        """Behind a text that leaves something: the session, and where it must be the world, as they were."""
        if not (made.session or made.ddl):
            return
        self.truth.client.reset()
        self.truth.client.run(b"UNLOCK TABLES")
        if made.ddl:
            self.restore()
        self.enter(mode, ctx.charset, schema)
        self.truth.opened()


__all__ = ["MARIADB", "Found", "Trial"]
