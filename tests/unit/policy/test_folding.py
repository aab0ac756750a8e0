"""How names compare."""

from __future__ import annotations

from dbgate.policy.folding import is_system_schema, plain
from tests.rows import rows


@rows(
    ("name", "folded"),
    [("Sp_Evil", "sp_evil"), ("sp_ÉVIL", "sp_evil"), ("ßıſ", "sis"), ("보고서", "보고서".encode().decode())],
)
def test_plain(name: str, folded: str) -> None:
    assert plain(name) == plain(folded)


def test_names_in_other_scripts_stay_apart() -> None:
    assert plain("보고서") != plain("보고")
    assert plain("отчёт") != plain("заказ")


@rows("name", ["mysql", "MYSQL", "Information_Schema", "performance_schema", "sys", "mysqĺ"])
def test_system_schemas(name: str) -> None:
    assert is_system_schema(name)


@rows("name", ["", "shop", "mysql2", "sys_", "séoul"])
def test_other_schemas(name: str) -> None:
    assert not is_system_schema(name)
