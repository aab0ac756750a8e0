"""Names in a policy file: `[schema.]table`, `[schema.]routine`, with globs, and columns, without."""

from __future__ import annotations

import re
from typing import Final, final

from dbgate.policy.globs import is_glob
from dbgate.policy.wording import shown
from dbgate.sql.columns import fold_column

_FORBIDDEN: Final = re.compile(r"[\s'\"`,;()\x00-\x1f\x7f]")


@final
class NamePart:
    """One side of the dot. glob: `*` and `?` in `text` are special; False for a name in backticks."""

    def __init__(self, text: str, glob: bool) -> None:
        self.text = text
        self.glob = glob

    @property
    def everything(self) -> bool:
        """It is `*`: every name on this side of the dot."""
        return self.glob and self.text == "*"


@final
class QualifiedName:
    """A `[schema.]name` of the file. schema is None where the file names none; `*` alone is `*.*`: every name of
    every schema. text: as the file has it."""

    def __init__(self, schema: NamePart | None, name: NamePart, text: str) -> None:
        self.schema = schema
        self.name = name
        self.text = text


def parse_name(text: str, what: str) -> QualifiedName:
    """`text` as a QualifiedName; `what` ("table", "routine") is for the message of the ValueError."""
    expected = f"expected [schema.]{what}, found {shown(text)}"
    parts: list[NamePart] = []
    rest = text
    while True:
        if rest.startswith("`"):
            body = re.match(r"`((?:[^`]|``)+)`(?=\.|$)", rest)
            if body is None:
                raise ValueError(f"{expected}: a name in backticks must end before the dot")
            parts.append(NamePart(body.group(1).replace("``", "`"), False))
            rest = rest[body.end() :]
        else:
            word, _, _ = rest.partition(".")
            if not word:
                raise ValueError(f"{expected}: a name is missing")
            if _FORBIDDEN.search(word):
                raise ValueError(f"{expected}: a name with such characters goes in backticks")
            parts.append(NamePart(word, is_glob(word)))
            rest = rest[len(word) :]
        if not rest:
            break
        rest = rest[1:]
    if len(parts) > 2:
        raise ValueError(f"{expected}: more than one dot; a name that contains one goes in backticks")
    if len(parts) == 2:
        return QualifiedName(parts[0], parts[1], text)
    if parts[0].everything:
        return QualifiedName(parts[0], parts[0], text)
    return QualifiedName(None, parts[0], text)


def parse_column(text: str) -> str:
    """The column that `text` names, as the catalog has it: columns compare without case on every server. ValueError
    for anything but one column's name."""
    expected = f"expected a column, found {shown(text)}"
    if text.startswith("`"):
        body = re.fullmatch(r"`((?:[^`]|``)+)`", text)
        if body is None:
            raise ValueError(f"{expected}: a name in backticks must end with the text")
        return fold_column(body.group(1).replace("``", "`"))
    if is_glob(text):
        raise ValueError(f"{expected}: columns are named one by one; leave the key out where all are meant")
    if "." in text:
        raise ValueError(
            f"{expected}: its table stands in tables; a name that contains a dot goes in backticks"
        )
    if _FORBIDDEN.search(text):
        raise ValueError(f"{expected}: a name with such characters goes in backticks")
    return fold_column(text)
