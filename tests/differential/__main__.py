"""By hand: .venv/bin/python -m tests.differential mariadb|mysql|fold [COUNT] [SEED]; fold: MariaDB with names without case."""

from __future__ import annotations

import random
import sys
import time

from tests.differential.trial import Trial
from tests.differential.truth import MariaTruth, MySQLTruth


def main() -> None:
    which = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    truth = MySQLTruth() if which == "mysql" else MariaTruth(which == "fold")
    try:
        trial = Trial(truth)
        choose = random.Random(seed)
        start = time.monotonic()
        while trial.counts["run"] < count:
            trial.session(choose, 20)
        print(f"{time.monotonic() - start:.0f} s", dict(trial.counts))
        print("misses", len(trial.found))
        for found in list(trial.found[:25]):
            print("  ", found.what, trial.shrink(found), found.mode, found.ctx.charset, found.schema)
        for text in trial.crashing:
            print("crashed the server:", text)
        print("false blocks:")
        for why, texts in sorted(trial.false_blocks.items(), key=lambda item: -len(item[1])):
            print("  ", len(texts), why, min(texts, key=len)[:300])
        print("over-reported:")
        for name, texts in sorted(trial.over.items(), key=lambda item: -len(item[1]))[:15]:
            print("  ", len(texts), name, min(texts, key=len)[:200])
        if "-v" in sys.argv:
            for kind, number in sorted(trial.kinds.items()):
                print("  ", kind, number)
    finally:
        truth.stop()


if __name__ == "__main__":
    main()
