"""The recorded statements that tests may use where they are at hand: a folder named by DBGATE_CORPUS."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

Row = dict[str, object]


def rows(name: str) -> list[Row]:
    """All rows of `<name>.jsonl.gz`; skips the test, saying so, where the folder is not named."""
    folder = os.environ.get("DBGATE_CORPUS", "")
    if not folder:
        pytest.skip("DBGATE_CORPUS is not set: no recorded statements to test with")
    with gzip.open(Path(folder) / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
