from __future__ import annotations

from dbgate.gate.doors import Doors
from dbgate.gateway.sources import Sources
from tests.unit.gate.test_login_doors import Book


def test_what_the_shell_has_and_what_tests_have_are_doors() -> None:
    for kind in (Sources, Book):
        for name in ("enter", "left", "failed", "shut"):
            assert callable(getattr(kind, name)) and callable(getattr(Doors, name))
