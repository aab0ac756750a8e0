"""`./run chaos [--only NAME[,NAME]] [--list] [--short] [--seconds N]`."""

from __future__ import annotations

import argparse
import sys

from tests.chaos.faults import FAULTS
from tests.chaos.play import play


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="./run chaos", description="Faults under load; status 0 only if all held."
    )
    parser.add_argument("--only", metavar="NAME[,NAME]", default="", help="only these faults")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--short", action="store_true", help="the short list, as the tests play it")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each lasts [3]")
    options = parser.parse_args()
    if options.list:
        for fault in FAULTS:
            print(f"{fault.name:20} {fault.what}")
        return 0
    wanted = options.only.split(",") if options.only else []
    if unknown := set(wanted) - {fault.name for fault in FAULTS}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; --list says what there is")
    chosen = [
        fault for fault in FAULTS if (fault.name in wanted if wanted else fault.short or not options.short)
    ]
    outcomes = play(chosen, 1.0 if options.short else options.seconds, lambda text: print(text, flush=True))
    failed = [outcome.fault.name for outcome in outcomes if outcome.problems]
    print(
        f"chaos: {len(outcomes) - len(failed)} of {len(outcomes)} faults as documented"
        + (f"; NOT: {failed}" if failed else "")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
