"""The loops on which sessions run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shell.gateway.shell import LOOPS


@pytest.fixture(params=list(LOOPS))
def loop_kind(request: pytest.FixtureRequest) -> Iterator[str]:
    yield str(request.param)
