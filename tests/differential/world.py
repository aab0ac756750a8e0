"""The small schema that generated statements are about, and what stands behind its views, routines and triggers."""

from __future__ import annotations

from dbgate.sql.statement import MARIADB
from tests.differential.judge import Behind

COLUMNS = ("id", "x", "y", "s")
_PLAIN = (
    "a",
    "b",
    "c",
    "log",
    "status",
    "value",
    "order",
    "select",
    "it`s",
    "x y",
    "1a",
    "offset",
    "u\u00e9",
)
TABLES = (
    [("shop", name) for name in _PLAIN]
    + [("shop", "part"), ("shop", "hist"), ("shop", "trig"), ("vault", "a"), ("vault", "k"), ("vault", "cte")]
    + [("shop", "child"), ("vault", "shop")]
)  # fmt: skip
VIEWS = [("shop", "v1"), ("shop", "v2"), ("vault", "v1")]
FUNCTIONS = [("shop", "f1"), ("vault", "f2"), ("shop", "value")]
PROCEDURES = [("shop", "p1"), ("vault", "p2")]
SEQUENCES = [("shop", "seq"), ("vault", "seq2")]
SCRATCH = ("n1", "n2", "n 3", "key")

_DEFINITION = "id INT PRIMARY KEY AUTO_INCREMENT, x INT DEFAULT 1, y INT DEFAULT 2, s VARCHAR(40) DEFAULT 's'"
_ROWS = "(id, x, y, s) VALUES (1, 1, 2, 'a'), (2, 2, 3, 'b')"


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def setup(flavour: int) -> list[str]:
    """The statements that make the world anew."""
    out = [
        "DROP DATABASE IF EXISTS shop",
        "DROP DATABASE IF EXISTS vault",
        "CREATE DATABASE shop CHARACTER SET utf8mb4",
    ]
    out += ["CREATE DATABASE vault CHARACTER SET utf8mb4"]
    for schema, name in TABLES:
        table = f"{schema}.{quoted(name)}"
        more = ""
        definition = _DEFINITION
        if name == "part":
            more = " PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (5), PARTITION p1 VALUES LESS THAN MAXVALUE)"
        elif name == "hist" and flavour == MARIADB:
            more = " WITH SYSTEM VERSIONING"
        engine = "InnoDB" if name in ("part", "hist") else "MyISAM"
        if name == "part" and flavour == MARIADB:
            engine = "MyISAM"
        out.append(f"CREATE TABLE {table} ({definition}) ENGINE={engine}{more}")
        out.append(f"INSERT INTO {table} {_ROWS}")
    out += [
        "CREATE VIEW shop.v1 AS SELECT a.id, a.x, k.y, a.s FROM shop.a JOIN vault.k ON a.id = k.id",
        "CREATE VIEW shop.v2 AS SELECT v1.id, v1.x, c.y, v1.s FROM shop.v1 JOIN shop.c ON c.id = v1.id",
        "CREATE VIEW vault.v1 AS SELECT * FROM vault.k",
        "CREATE FUNCTION shop.f1(n INT) RETURNS INT READS SQL DATA RETURN (SELECT MAX(x) FROM vault.k)",
        "CREATE FUNCTION vault.f2(n INT) RETURNS INT READS SQL DATA RETURN shop.f1(n) + (SELECT MAX(x) FROM shop.c)",
        "CREATE FUNCTION shop.value(n INT) RETURNS INT DETERMINISTIC RETURN n",
        "CREATE PROCEDURE shop.p1(n INT) SELECT x FROM shop.b WHERE id = n",
        "CREATE PROCEDURE vault.p2(n INT) UPDATE vault.k SET x = (SELECT MAX(y) FROM shop.v1) WHERE id = n",
        "CREATE TRIGGER shop.ti BEFORE INSERT ON shop.trig FOR EACH ROW INSERT INTO shop.log (x) VALUES (NEW.x)",
        "CREATE TRIGGER shop.tu BEFORE UPDATE ON shop.trig FOR EACH ROW SET NEW.y = (SELECT MAX(y) FROM vault.a)",
    ]
    if flavour == MARIADB:
        out += ["CREATE SEQUENCE shop.seq", "CREATE SEQUENCE vault.seq2"]
    return out


def behind() -> Behind:
    """What the names of the world stand for."""
    known = Behind()
    known.define("shop", "v1", ("shop", "a"), ("vault", "k"))
    known.define("shop", "v2", ("shop", "v1"), ("shop", "c"))
    known.define("vault", "v1", ("vault", "k"))
    known.define("shop", "f1", ("vault", "k"))
    known.define("vault", "f2", ("shop", "f1"), ("shop", "c"))
    known.define("shop", "p1", ("shop", "b"))
    known.define("vault", "p2", ("vault", "k"), ("shop", "v1"))
    known.define("shop", "trig", ("shop", "log"), ("vault", "a"))
    return known
