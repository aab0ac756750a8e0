"""Generated statements on a real server: a table that it opens and that we do not name fails the test.

DBGATE_DIFFERENTIAL says how many (1,500 on MariaDB where it is not set, and a fifth of it on MySQL, where each takes
longer); `python -m tests.differential mariadb 20000` is the same by hand, with counts of what we refuse and over-report.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbgate.sql.statement import MARIADB, LexContext
from tests.differential.grammar import make
from tests.differential.trial import Trial
from tests.differential.truth import MariaTruth, Truth

COUNT = int(os.environ.get("DBGATE_DIFFERENTIAL", "1500"))


@pytest.mark.timeout(300 + COUNT)
def test_every_opened_table_is_named(truth: Truth) -> None:
    _run(truth, COUNT if truth.flavour == MARIADB else COUNT // 5)


def test_with_names_without_case() -> None:
    """lower_case_table_names = 1, and names in any case."""
    truth = MariaTruth(fold=True)
    try:
        _run(truth, COUNT // 5)
    finally:
        truth.stop()


def _run(truth: Truth, count: int) -> None:
    trial = Trial(truth)
    seed = random.SystemRandom().randrange(1 << 30)
    choose = random.Random(seed)
    while trial.counts["run"] < count:
        trial.session(choose, 20)
    shown = [(found.what, trial.shrink(found), found.mode, found.ctx.charset) for found in trial.found[:5]]
    assert shown == [], f"seed {seed}"
    # The generator is worth something only where most of what it makes runs, and we refuse little of that.
    assert trial.counts["accepted"] > 0.6 * trial.counts["run"]
    assert trial.counts["compared"] > 0.5 * trial.counts["run"]
    assert trial.counts["accepted, refused by us"] < 0.03 * trial.counts["run"]


def _once(trial: Trial, choose: random.Random, mode: str) -> None:
    ctx = LexContext(
        trial.truth.flavour, trial.truth.version, ansi_quotes=mode == "ANSI_QUOTES",
        no_backslash_escapes=mode == "NO_BACKSLASH_ESCAPES",
    )  # fmt: skip
    trial.enter(mode, "utf8mb4", "shop")
    trial.truth.opened()
    made = make(choose, ctx, "shop")
    trial.one(made, ctx, mode, "shop")
    trial.tidy(made, ctx, mode, "shop")
    found = list(trial.found)
    trial.found.clear()
    assert found == []


def test_hypothesis_finds_none_either(truth: Truth) -> None:
    """The same grammar with hypothesis choosing, which shrinks what it finds."""
    trial = Trial(truth)

    @settings(max_examples=min(60, COUNT), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False), st.sampled_from(["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"]))
    def explore(choose: random.Random, mode: str) -> None:
        _once(trial, choose, mode)

    explore()
    assert trial.counts["run"] > 20
