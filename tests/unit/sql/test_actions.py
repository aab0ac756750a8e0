from __future__ import annotations

from dbgate.sql import actions
from dbgate.sql.actions import ACTIONS
from dbgate.sql.functions import RESERVED
from dbgate.sql.statement import MARIADB, MYSQL


def test_steering_words_are_reserved() -> None:
    """A word that steers the scan must not be a name; what only one server reserves steers only there."""
    for flavour in (MARIADB, MYSQL):
        steering = {word for word, action in ACTIONS[flavour].items() if action > actions.PLAIN}
        assert steering - RESERVED[flavour] <= {"NEXT", "PREVIOUS", "WINDOW"}
        assert RESERVED[flavour] <= set(ACTIONS[flavour])


def test_servers_differ() -> None:
    assert ACTIONS[MARIADB]["RETURNING"] == actions.TAIL and "RETURNING" not in ACTIONS[MYSQL]
    assert ACTIONS[MYSQL]["QUALIFY"] == actions.YOUNG and "QUALIFY" not in ACTIONS[MARIADB]
