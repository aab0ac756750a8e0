"""One server of each kind for all tests of this folder; skipped, saying why, where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.truth import MariaTruth, MySQLTruth, Truth


@pytest.fixture(scope="package", params=["mariadb", "mysql"])
def truth(request: pytest.FixtureRequest) -> Iterator[Truth]:
    made: Truth = MariaTruth() if request.param == "mariadb" else MySQLTruth()
    made.connect("")
    yield made
    made.stop()
