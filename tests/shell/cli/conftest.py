from __future__ import annotations

from tests.unit.cli.conftest import gateway, operator, plain_surroundings, run

__all__ = ["gateway", "operator", "plain_surroundings", "run"]
