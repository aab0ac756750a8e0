from __future__ import annotations

from dbgate.sql import modes
from dbgate.sql.uses import LOOSELY, MARK


def test_a_mode_fits_into_a_mark() -> None:
    values = [value for name, value in vars(modes).items() if name.isupper()]
    assert len(set(values)) == len(values) == 13
    assert min(values) > 0 and max(values) < LOOSELY < MARK
