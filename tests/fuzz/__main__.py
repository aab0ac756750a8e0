"""By hand: python -m tests.fuzz TARGET SECONDS [SEED], or python -m tests.fuzz TARGET --atheris FOLDER [libFuzzer's options].

The second needs atheris (PyPI) on the path: it is guided by coverage, and keeps what it finds in FOLDER.
"""

from __future__ import annotations

import sys
import time

from tests.fuzz.mutate import fuzz, kept


def main() -> None:
    target = sys.argv[1]
    if sys.argv[2] == "--atheris":
        _atheris(target, sys.argv[3], sys.argv[4:])
        return
    from tests.fuzz.targets import TARGETS

    seconds = float(sys.argv[2])
    start = time.monotonic()
    count = fuzz(target, TARGETS[target], seconds, int(sys.argv[3]) if len(sys.argv) > 3 else int(start))
    print(f"{target}: {count} executions in {time.monotonic() - start:.0f} s, nothing found")


def _atheris(target: str, folder: str, options: list[str]) -> None:
    import os

    import atheris  # type: ignore[import-not-found,unused-ignore]

    with atheris.instrument_imports(include=["dbgate"]):
        from tests.fuzz.targets import TARGETS
    os.makedirs(folder, exist_ok=True)
    for number, data in enumerate(kept(target)):
        with open(os.path.join(folder, f"seed-{number}"), "wb") as file:
            file.write(data)
    atheris.Setup([sys.argv[0], folder, *options], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
