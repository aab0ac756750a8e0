"""How names compare."""

from __future__ import annotations

import unicodedata
from typing import Final

# information_schema and performance_schema compare without case on every server; the others are here because a
# name that differs only in case is never an honest table of one's own.
_SYSTEM_SCHEMAS: Final = frozenset(("information_schema", "mysql", "performance_schema", "sys"))
CASELESS_SCHEMAS: Final = frozenset(("information_schema", "performance_schema"))


def plain(name: str) -> str:
    """`name` without case and accents, as the servers' dictionary (utf8_general_ci) compares routine names: `sp_évil`
    calls sp_evil. All 492 characters that MariaDB's table gives the weight of an ASCII one fold to that one here, and
    some others do too, so use it only to forbid."""
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFKD", name.replace("ß", "s").replace("ı", "i"))
    return "".join(c for c in folded if not unicodedata.combining(c)).casefold()


def is_system_schema(name: str) -> bool:
    """Whether `name` is a schema that block_schema_access closes."""
    return (name.lower() if name.isascii() else plain(name)) in _SYSTEM_SCHEMAS
