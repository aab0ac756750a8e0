"""The file of learned shapes that `sql_rules.shapes` names: its text → values, and back. People review it, so it is
YAML with the statements in words, and each finding in it has its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from dbgate.errors import PolicyError, Problem
from dbgate.policy.fields import DETECTORS
from dbgate.policy.operations import OPERATIONS
from dbgate.policy.resting import Rest, no_rest
from dbgate.policy.wording import describe, nearest
from dbgate.policy.yamltext import Document, Path, read_yaml, resolve_scalar, show_path

VERSION: Final = 1
DIGEST: Final = re.compile(r"[0-9a-f]{32}")
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.$]*")
_LISTS: Final = ("operations", "tables", "columns", "detectors")
_KEYS: Final = ("statement", *_LISTS, "shape")
_HEAD: Final = """\
# What each user is known to send: the shapes of sql_rules.shapes, written by `dbgate-cli policy learn`.
# Read it, and delete what should not pass. The key `shape` is what a statement is compared with; it passes for the
# operations and tables beside it. `statement` and `columns` are for the reader. `detectors` are injection detectors
# that hit this shape and do not count for it.
"""


@dataclass(slots=True)
class Shape:
    """One shape. shape: 32 hex digits, the digest of the audit log; statement: its text with `?` for each literal."""

    shape: str
    statement: str = ""
    operations: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    detectors: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ShapeFile:
    """users: by database user, by shape."""

    users: dict[str, dict[str, Shape]] = field(default_factory=dict)


def parse_shapes(text: str, filename: str, rest: Rest = no_rest) -> ShapeFile:
    """The shapes in `text`. PolicyError with every problem, in file order. rest: see resting.py."""
    document = read_yaml(text, filename, "learned shapes, at least users", rest)
    return _Reader(document, filename, rest).read()


class _Reader:
    def __init__(self, document: Document, filename: str, rest: Rest) -> None:
        self._document = document
        self._rest = rest
        self._filename = filename
        self._problems = list(document.problems)

    def read(self) -> ShapeFile:
        found = ShapeFile()
        root = self._mapping(self._document.data, (), ("version", "users"))
        if root.get("version", VERSION) != VERSION:
            self._problem(("version",), f"expected {VERSION}, the only version of this format")
        users = root.get("users")
        if users is not None and not isinstance(users, dict):
            self._problem(("users",), f"expected a mapping (user: list of shapes), found {describe(users)}")
        elif isinstance(users, dict):
            for user, items in users.items():
                found.users[user] = self._shapes(items, ("users", user))
        if self._problems:
            raise PolicyError(sorted(self._problems, key=lambda problem: (problem.line, problem.column)))
        return found

    def _shapes(self, items: object, path: Path) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        if items is not None and not isinstance(items, list):
            self._problem(path, f"expected a list of shapes, found {describe(items)}")
        for index, item in enumerate(items if isinstance(items, list) else []):
            here = (*path, index)
            self._rest()
            shape = self._shape(item, here)
            if shape.shape in shapes:
                self._problem((*here, "shape"), "this shape stands in the list twice")
            shapes[shape.shape] = shape
        return shapes

    def _shape(self, item: object, path: Path) -> Shape:
        values = self._mapping(item, path, _KEYS)
        digest = values.get("shape")
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            self._problem((*path, "shape"), f"expected 32 hex digits in quotes, found {describe(digest)}")
            digest = ""
        statement = values.get("statement", "")
        if not isinstance(statement, str):
            self._problem((*path, "statement"), f"expected a text, found {describe(statement)}")
            statement = ""
        shape = Shape(digest, statement)
        for name in _LISTS:
            getattr(shape, name).update(self._words(values.get(name), (*path, name)))
        for name, known in (("operations", OPERATIONS), ("detectors", DETECTORS)):
            for word in sorted(getattr(shape, name) - set(known)):
                message = f"{describe(word)} is none of {name}{nearest(word, known)}"
                self._problem((*path, name), message)
        return shape

    def _words(self, value: object, path: Path) -> list[str]:
        if value is None:
            return []
        if not isinstance(value, list):
            self._problem(path, f"expected a list, found {describe(value)}")
            return []
        words: list[str] = []
        for index, word in enumerate(value):
            if isinstance(word, str):
                words.append(word)
            else:
                self._problem((*path, index), f"expected a text, found {describe(word)}")
        return words

    def _mapping(self, value: object, path: Path, known: tuple[str, ...]) -> dict[str, object]:
        if not isinstance(value, dict):
            self._problem(path, f"expected a mapping (key: value), found {describe(value)}")
            return {}
        for key in value:
            if key not in known:
                hint = nearest(key, known) or f"; known here: {', '.join(known)}"
                self._problem((*path, key), f"unknown key{hint}", True)
        return value

    def _problem(self, path: Path, message: str, of_key: bool = False) -> None:
        place = self._document.keys[path] if of_key else self._document.place(path)
        self._problems.append(Problem(self._filename, place.line, place.column, show_path(path), message))


def write_shapes(file: ShapeFile) -> str:
    """The file's text, sorted, so that two versions of it can be compared line by line."""
    lines = [_HEAD, f"version: {VERSION}\n", "users:\n" if file.users else "users: {}\n"]
    for user in sorted(file.users):
        shapes = sorted(file.users[user].values(), key=_order)
        lines.append(f"  {quoted(user)}:\n" if shapes else f"  {quoted(user)}: []\n")
        for shape in shapes:
            lines.append(f"    - statement: {quoted(shape.statement)}\n")
            lines += [
                f"      {name}: [{', '.join(_word(word) for word in sorted(getattr(shape, name)))}]\n"
                for name in _LISTS
                if getattr(shape, name)
            ]
            lines.append(f'      shape: "{shape.shape}"\n')
    return "".join(lines)


def _order(shape: Shape) -> tuple[list[str], list[str], str, str]:
    return sorted(shape.tables), sorted(shape.operations), shape.statement, shape.shape


def _word(text: str) -> str:
    """A word, in quotes only where it would not be read as itself."""
    return text if _PLAIN.fullmatch(text) and resolve_scalar(text) == text else quoted(text)


def quoted(text: str) -> str:
    """`text` as a double-quoted scalar of YAML on one line."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return f'"{"".join(_characters(text))}"'


def _characters(text: str) -> Iterable[str]:
    for character in text:
        if character in '"\\':
            yield "\\" + character
        elif character.isprintable():
            yield character
        else:
            yield f"\\U{ord(character):08x}"
