"""A server with a test's databases in it, and the accounts that a gateway with a catalog needs before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pymysql
from pymysql.connections import Connection

from tests.servers.mariadb import MariaDB
from tests.servers.mysql import MySQL

CATALOG_USER = "seer"
CATALOG_PASSWORD = "seer_pw"


def furnish(
    server: MariaDB | MySQL, statements: Sequence[str], trusted: tuple[str, ...], others: tuple[str, ...] = ()
) -> Connection[Any]:
    """A connection past any gateway, which has run the statements. Users (password "pw"): the trusted ones may do all,
    so that only the gateway stops them; others nothing. CATALOG_USER has the rights that the catalog asks for."""
    root = pymysql.connect(
        host=server.host, port=server.port, user=server.user, password=server.password, autocommit=True
    )
    show_routine = ", SHOW_ROUTINE" if isinstance(server, MySQL) else ""
    with root.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        for user in trusted + others:
            cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY 'pw'")
        for user in trusted:
            cursor.execute(f"GRANT ALL ON *.* TO {user}@'%'")
        cursor.execute(f"CREATE USER {CATALOG_USER}@'%' IDENTIFIED BY '{CATALOG_PASSWORD}'")
        cursor.execute(f"GRANT SELECT, SHOW VIEW, TRIGGER{show_routine} ON *.* TO {CATALOG_USER}@'%'")
    return root
