from __future__ import annotations

from tests.unit.control.conftest import operator, socket_path

__all__ = ["operator", "socket_path"]
