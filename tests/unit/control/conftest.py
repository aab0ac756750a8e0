from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.control.fake import FakeOperator, serving


@pytest.fixture
def operator() -> FakeOperator:
    return FakeOperator()


@pytest.fixture
def socket_path(operator: FakeOperator, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "dbgate.sock"
    with serving(operator, path):
        yield path
