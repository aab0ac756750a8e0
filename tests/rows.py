"""A table of values as one test.

pytest.mark.parametrize makes a test of each row, and each test costs milliseconds before it has begun, many times what
a row of a pure function costs. `@rows(...)` is written in the same way, runs every row whatever became of those before
it, and fails with all rows that did, each with its values and its own traceback. It is for rows that share nothing:
where each needs a fresh fixture (tmp_path, monkeypatch), parametrize is right.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

Test = Callable[..., None]


def rows(
    names: str | Sequence[str], table: Iterable[Any], *, ids: Callable[[Any], object] | None = None
) -> Callable[[Test], Test]:
    """As pytest.mark.parametrize(names, table). ids: what a failure shows of a value, in place of the value."""
    columns = [name.strip() for name in (names.split(",") if isinstance(names, str) else names)]
    kept = []
    for row in table:
        if isinstance(row, type(pytest.param())):
            kept.append(row.values)
        else:
            kept.append((row,) if len(columns) == 1 else row)
    for row in kept:
        if len(row) != len(columns):
            raise TypeError(f"{names}: a row has {len(row)} values: {row!r}")
    if not kept:
        raise TypeError(f"{names}: no rows")

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        def every_row(**others: Any) -> None:
            failed: list[BaseException] = []
            for number, row in enumerate(kept, 1):
                given = dict(zip(columns, row, strict=True))
                try:
                    test(**given, **others)
                except (KeyboardInterrupt, pytest.exit.Exception):
                    raise
                except BaseException as error:  # pytest.fail's and pytest.skip's too: no row ends the table
                    shown = (f"{name}={ids(value) if ids else repr(value)}" for name, value in given.items())
                    error.add_note(f"in row {number}: {', '.join(shown)}")
                    failed.append(error)
            if failed:
                raise BaseExceptionGroup(f"{len(failed)} of {len(kept)} rows", failed)

        # what is left for pytest to give: fixtures, and the columns of another table
        signature = inspect.signature(test)
        left = [value for name, value in signature.parameters.items() if name not in columns]
        every_row.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        del every_row.__wrapped__
        return every_row

    return decorate
