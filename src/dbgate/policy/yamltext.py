"""A YAML text as plain values, each with its line and column.

Read from libyaml's events rather than through a constructor, for four reasons: scalars follow YAML 1.2 (PyYAML
resolves by 1.1, where 12:30 is 750, no is false and 010 is 8), a key that comes twice is refused instead of the
last one winning, every value keeps its place, and a text that would grow without bound (deep nesting, aliases of
aliases) is refused before anything is built.

Anchors and aliases may be used; merge keys (`<<`) and tags may not: a rule must be readable where it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import yaml

from dbgate.errors import PolicyError, Problem
from dbgate.policy.resting import Rest, no_rest

MAX_CHARACTERS: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 20
MAX_VALUES: Final = 200_000
_TOGETHER: Final = 16  # values that are read between two rests

_NUMBER_STARTS: Final = frozenset("+-.0123456789")

Path = tuple[str | int, ...]

_STRING_TAGS: Final = (None, "!", "tag:yaml.org,2002:str")
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]{1,40}|[0-9]{1,40}(?:\.[0-9]{0,40})?)(?:[eE][-+]?[0-9]{1,3})?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


class Place(NamedTuple):
    """Where something stands in the file; line and column count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """data: the root as dicts, lists and scalars; values, keys: path of a value → place of it, and of its key;
    problems: duplicate keys and the like, which did not keep the rest from being read."""

    data: object = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Where the value at `path` stands, or else the nearest thing around it that is in the file."""
        for length in range(len(path), -1, -1):
            place = self.values.get(path[:length])
            if place is not None:
                return place
        return Place(1, 1)


@dataclass(slots=True)
class _Node:
    place: Place
    scalar: object = None
    items: list[_Node] | None = None
    entries: list[tuple[_Node, _Node]] | None = None
    text: str = ""  # of a scalar, as written
    plain: bool = False
    alias: bool = False  # stands for the node in items[0]


def show_path(path: Path) -> str:
    """`path` as it is shown to people: access_control[2].source_ip."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_yaml(
    text: str,
    filename: str,
    expected: str = "a policy, at least access_control",
    rest: Rest = no_rest,
) -> Document:
    """The one document in `text`, in which `expected` is looked for. PolicyError where it is no YAML, or more than this
    format ever needs. rest: see resting.py."""
    if len(text) > MAX_CHARACTERS:
        raise _refuse(filename, Place(1, 1), f"the file has more than {MAX_CHARACTERS} characters")
    try:
        root = _Composer(filename, rest).compose(text)
    except UnicodeEncodeError as error:
        raise _refuse(filename, _place_of(text[: error.start]), "not YAML: half a surrogate pair") from None
    except yaml.reader.ReaderError as error:
        # libyaml counts bytes.
        place = _place_of(text.encode()[: int(error.position)].decode("utf-8", "replace"))
        raise _refuse(filename, place, f"not YAML: {error.reason}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark is not None else Place(1, 1)
        hint = ": a tab, where YAML wants spaces" if _character(text, place) == "\t" else ""
        raise _refuse(filename, place, f"not YAML: {error.problem or error.context}{hint}") from None
    document = Document()
    if root is None:
        raise _refuse(filename, Place(1, 1), f"the file is empty: expected {expected}")
    document.data = _Builder(document, filename, rest).build(root, ())
    return document


def _place_of(before: str) -> Place:
    return Place(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _character(text: str, place: Place) -> str:
    lines = text.split("\n", place.line)
    return lines[place.line - 1][place.column - 1 : place.column] if place.line <= len(lines) else ""


def _refuse(filename: str, place: Place, message: str, key: str = "") -> PolicyError:
    return PolicyError([Problem(filename, place.line, place.column, key, message)])


class _Composer:
    """Events → nodes, without recursion."""

    def __init__(self, filename: str, rest: Rest) -> None:
        self._filename = filename
        self._rest = rest
        self._anchors: dict[str, _Node] = {}
        self._open: list[_Node] = []
        self._keys: list[_Node | None] = []  # the key that waits for its value, for each open collection
        self._root: _Node | None = None
        self._count = 0

    def compose(self, text: str) -> _Node | None:
        documents = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            match event:
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise self._refusal(
                            event, "a policy file is one YAML document; this starts a second one"
                        )
                case yaml.SequenceStartEvent():
                    self._collection(event, _Node(_place(event), items=[]))
                case yaml.MappingStartEvent():
                    self._collection(event, _Node(_place(event), entries=[]))
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.CollectionEndEvent():
                    self._open.pop()
                    self._keys.pop()
                case _:
                    pass
        root = self._root
        if root is not None and root.plain and root.text == "":
            return None  # nothing but comments
        return root

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if event.tag not in _STRING_TAGS:
            raise self._refusal(event, "tags are not supported")
        plain = bool(event.implicit[0])
        value = resolve_scalar(event.value) if plain else event.value
        node = _Node(_place(event), value, text=event.value, plain=plain)
        self._anchor(event.anchor, node)
        self._attach(node, event)

    def _collection(self, event: yaml.CollectionStartEvent, node: _Node) -> None:
        if event.tag not in (None, "!"):
            raise self._refusal(event, "tags are not supported")
        self._anchor(event.anchor, node)
        self._attach(node, event)
        self._open.append(node)
        self._keys.append(None)
        if len(self._open) > MAX_DEPTH:
            raise self._refusal(event, f"nested more than {MAX_DEPTH} deep")

    def _alias(self, event: yaml.AliasEvent) -> None:
        target = self._anchors.get(str(event.anchor))
        if target is None:
            raise self._refusal(event, f"*{event.anchor} stands for an anchor that is not defined before it")
        if any(node is target for node in self._open):
            raise self._refusal(event, f"*{event.anchor} stands inside what it stands for")
        self._attach(_Node(_place(event), items=[target], alias=True), event)

    def _anchor(self, name: str | None, node: _Node) -> None:
        if name is not None:
            self._anchors[name] = node

    def _attach(self, node: _Node, event: yaml.Event) -> None:
        self._count += 1
        if self._count % _TOGETHER == 0:
            self._rest()
        if self._count > MAX_VALUES:
            raise self._refusal(event, f"the file has more than {MAX_VALUES} values")
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if parent.entries is None:
            assert parent.items is not None  # noqa: S101 - a collection is one or the other
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = node
        else:
            parent.entries.append((key, node))
            self._keys[-1] = None

    def _refusal(self, event: yaml.Event, message: str) -> PolicyError:
        return _refuse(self._filename, _place(event), message)


class _Builder:
    """Nodes → values and places. Aliases are followed here, so the limits count what they stand for."""

    def __init__(self, document: Document, filename: str, rest: Rest) -> None:
        self._document = document
        self._filename = filename
        self._rest = rest
        self._count = 0

    def build(self, node: _Node, path: Path) -> object:
        self._count += 1
        if self._count % _TOGETHER == 0:
            self._rest()
        if self._count > MAX_VALUES or len(path) > MAX_DEPTH:
            raise _refuse(self._filename, node.place, "aliases make this file too big", show_path(path))
        if node.alias and node.items is not None:
            return self.build(node.items[0], path)
        self._document.values[path] = node.place
        if node.entries is not None:
            return self._mapping(node.entries, path)
        if node.items is not None:
            return [self.build(item, (*path, index)) for index, item in enumerate(node.items)]
        return node.scalar

    def _mapping(self, entries: list[tuple[_Node, _Node]], path: Path) -> dict[str, object]:
        result: dict[str, object] = {}
        first: dict[str, int] = {}
        for key, value in entries:
            if key.items is not None or key.entries is not None:
                self._problem(key.place, path, "a key must be a plain word")
                continue
            name = key.text
            here = (*path, name)
            if name == "<<" and key.plain:
                self._problem(key.place, here, "merge keys are not supported: write the keys out")
            elif name in first:
                self._problem(key.place, here, f"this key stands here twice, first in line {first[name]}")
            else:
                first[name] = key.place.line
                self._document.keys[here] = key.place
                result[name] = self.build(value, here)
        return result

    def _problem(self, place: Place, path: Path, message: str) -> None:
        self._document.problems.append(
            Problem(self._filename, place.line, place.column, show_path(path), message)
        )


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    assert mark is not None  # noqa: S101 - every event of a parser has one
    return Place(mark.line + 1, mark.column + 1)


def resolve_scalar(text: str) -> object:
    """A plain scalar by YAML 1.2's core schema: null, true/false, a decimal, 0o or 0x integer, a float, else text."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if text[0] not in _NUMBER_STARTS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
