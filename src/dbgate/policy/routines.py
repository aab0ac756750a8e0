"""Lists of stored routines: allowed_functions, and procedure_control's whitelist and blacklist."""

from __future__ import annotations

from typing import final

from dbgate.policy.folding import plain
from dbgate.policy.names import NamePart, QualifiedName
from dbgate.policy.rights import Rights


@final
class RoutineList:
    """Names of routines. Routine names have no case on any server; their schemas follow the server's tables.

    loose: accents do not count either, which is how the server finds a routine; for lists that forbid."""

    def __init__(self, names: list[QualifiedName], default_schema: str, loose: bool) -> None:
        self._loose = loose
        self._exact = Rights(False, default_schema)
        self._folded = Rights(True, default_schema)
        self._default_schema = default_schema
        for name in names:
            self.add(name)

    def add(self, name: QualifiedName) -> None:
        """One more."""
        text = plain(name.name.text) if self._loose else name.name.text.lower()
        folded = QualifiedName(name.schema, NamePart(text, name.name.glob), name.text)
        self._exact.add(folded, 1)
        self._folded.add(folded, 1)
        if name.schema is None and self._default_schema != "":
            # A loadable function has no schema at all.
            nowhere = QualifiedName(NamePart("", False), folded.name, name.text)
            self._exact.add(nowhere, 1)
            self._folded.add(nowhere, 1)

    def holds(self, schema: str, name: str, folded: bool) -> bool:
        """Whether schema.name is on the list; folded: the server compares schemas without case."""
        rights = self._folded if folded else self._exact
        return rights.on_table(schema, plain(name) if self._loose else name.lower()) != 0
