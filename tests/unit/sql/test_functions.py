from __future__ import annotations

from dbgate.sql.functions import APART, QUOTED_TOO, RESERVED, TOUCHING, builtin, reaching, unsure
from dbgate.sql.statement import MARIADB, MYSQL, LexContext
from tests.rows import rows
from tests.unit.sql.contexts import MA, MY


def test_built_ins_that_may_be_stored_functions() -> None:
    assert unsure("POINT", MA)
    assert not unsure("MD5", MA)
    assert unsure("MD5", MY)
    assert not unsure("POINT", MY)
    assert not unsure("MD5", LexContext(MYSQL, 80400))


@rows(
    ("word", "touching", "apart", "quoted"),
    [
        ("CONCAT", True, True, True),
        ("COUNT", True, False, False),
        ("SUBSTR", True, False, False),
        ("IF", True, True, False),
        ("SLEEP", True, True, True),
        ("F_TAX", False, False, False),
    ],
)
@rows("ctx", [MA, MY])
def test_spellings(word: str, touching: bool, apart: bool, quoted: bool, ctx: LexContext) -> None:
    assert builtin(word, TOUCHING, ctx) == touching
    assert builtin(word, APART, ctx) == apart
    assert builtin(word, QUOTED_TOO, ctx) == quoted


def test_flavours_and_versions() -> None:
    assert builtin("NVL", TOUCHING, MA) and not builtin("NVL", TOUCHING, MY)
    assert builtin("ANY_VALUE", TOUCHING, MY) and not builtin("ANY_VALUE", TOUCHING, MA)
    assert builtin("UUID_V7", TOUCHING, LexContext(MARIADB, 110800)) and not builtin("UUID_V7", TOUCHING, MA)
    assert not builtin("F", TOUCHING, LexContext(MARIADB, 110800))
    assert builtin("PASSWORD", QUOTED_TOO, LexContext(MYSQL, 50700)) and not builtin(
        "PASSWORD", QUOTED_TOO, MY
    )


def test_kinds() -> None:
    assert reaching("SLEEP") and not reaching("CONCAT")
    assert "SELECT" in RESERVED[MARIADB] and "LATERAL" in RESERVED[MYSQL]
