"""Text → PolicyFile. A bad file is refused whole, with every problem in it: place, key, what was expected."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from dbgate.errors import PolicyError, Problem
from dbgate.policy.model import Policy
from dbgate.policy.resting import Rest, no_rest
from dbgate.policy.shapefile import ShapeFile, parse_shapes
from dbgate.policy.wording import describe, nearest
from dbgate.policy.yamltext import Document, Path, Place, read_yaml, show_path

# Gives the content of a file that the policy names, by the name it has there. OSError where it cannot be read.
ReadFile = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A file that holds what it must. policy: its content; version: 12 hex digits of the text's SHA-256, and of the
    shapes' where it names them; document: where everything stands; shapes, shapes_text: the learned shapes and the
    text that they came from, None where there are none (yet)."""

    policy: Policy
    filename: str
    version: str
    document: Document
    shapes: ShapeFile | None = None
    shapes_text: str | None = None

    def place(self, *path: str | int) -> Place:
        """Where the value at `path` stands: place("access_control", 0, "allowed_tables")."""
        return self.document.place(path)

    def line(self, *path: str | int) -> int:
        """The line of the key or list item at `path`; 0 where the file does not have it."""
        key = self.document.keys.get(path)
        if key is not None:
            return key.line
        value = self.document.values.get(path)
        return value.line if value is not None else 0


def parse_policy(
    text: str | bytes,
    filename: str = "policy.yaml",
    read_file: ReadFile | None = None,
    rest: Rest = no_rest,
) -> PolicyFile:
    """The policy in `text`; bytes must be UTF-8. PolicyError with every problem, in file order. read_file: reads the
    file that `sql_rules.shapes` names; without it, such a policy is refused. rest: see resting.py."""
    if isinstance(text, bytes):
        text = _decode(text, filename)
    document = read_yaml(text, filename, rest=rest)
    problems = list(document.problems)
    policy: Policy | None = None
    if not isinstance(document.data, dict):
        place = document.place(())
        message = f"expected a policy (access_control, sql_rules, …), found {describe(document.data)}"
        problems.append(Problem(filename, place.line, place.column, "", message))
    else:
        try:
            policy = Policy.model_validate(document.data, context=rest)
        except ValidationError as error:
            problems += [_problem(detail, document, filename) for detail in error.errors(include_url=False)]
    if problems or policy is None:
        raise PolicyError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    whole = hashlib.sha256(text.encode("utf-8", "backslashreplace"))
    shapes: ShapeFile | None = None
    shapes_text = _shapes_text(policy, document, filename, read_file)
    if shapes_text is not None:
        assert policy.sql_rules.shapes is not None  # noqa: S101 - it named the text
        shapes = parse_shapes(shapes_text, beside(filename, policy.sql_rules.shapes.file), rest)
        whole.update(b"\0" + shapes_text.encode("utf-8", "backslashreplace"))
    return PolicyFile(policy, filename, whole.hexdigest()[:12], document, shapes, shapes_text)


def kept_shapes(text: str | None) -> ReadFile:
    """Reads the learned shapes, whatever their name is, from a text that was kept with a policy; None: there are
    none."""
    return partial(_kept, text)


def _kept(text: str | None, name: str) -> bytes:
    if text is None:
        raise FileNotFoundError(2, "No such file or directory", name)
    return text.encode("utf-8", "surrogatepass")


def beside(filename: str, name: str) -> str:
    """The path of a file that the policy file `filename` calls `name`: relative to its folder."""
    folder, slash, _ = filename.rpartition("/")
    return name if name.startswith("/") else f"{folder}{slash}{name}"


def _shapes_text(policy: Policy, document: Document, filename: str, read_file: ReadFile | None) -> str | None:
    """The text of the learned shapes; None where the policy names none, or is to be in force before any was learned."""
    shapes = policy.sql_rules.shapes
    if shapes is None:
        return None
    path: Path = ("sql_rules", "shapes", "file")
    place = document.place(path)
    try:
        if read_file is None:
            raise OSError(0, "there are no other files here")
        data = read_file(shapes.file)
    except FileNotFoundError as error:
        if shapes.mode == "learning":
            return None
        message = f"{shapes.file} cannot be read: {error.strerror}; `dbgate-cli policy learn` writes it"
        raise PolicyError([Problem(filename, place.line, place.column, show_path(path), message)]) from None
    except OSError as error:
        message = f"{shapes.file} cannot be read: {error.strerror}"
        raise PolicyError([Problem(filename, place.line, place.column, show_path(path), message)]) from None
    return _decode(data, beside(filename, shapes.file))


def _decode(data: bytes, filename: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise PolicyError([Problem(filename, line, column, "", "expected UTF-8: this byte is not")]) from None


def _problem(detail: Any, document: Document, filename: str) -> Problem:
    path: Path = detail["loc"]
    place = document.place(path)
    match detail["type"]:
        case "extra_forbidden":
            place = document.keys.get(path, place)
            message = f"unknown key{_known_keys(path)}"
        case "missing":
            message = "this key is missing"
        case "model_type" | "model_attributes_type":
            message = f"expected a mapping (key: value), found {describe(detail['input'])}"
        case "list_type":
            message = f"expected a list, found {describe(detail['input'])}"
        case _:  # a validator's own words
            message = str(detail.get("ctx", {}).get("error", detail["msg"]))
    if path and isinstance(path[-1], int) and path not in document.values:
        path = path[:-1]  # a single value where a list may stand has no index of its own
    return Problem(filename, place.line, place.column, show_path(path), message)


def _known_keys(path: Path) -> str:
    """What may stand beside the unknown key at `path`: the nearest known one, or else all of them."""
    model: type[BaseModel] = Policy
    for step in path[:-1]:
        if isinstance(step, str):
            model = _models_in(_fields(model)[step])[0]
    names = list(_fields(model))
    name = str(path[-1])
    near = nearest(name, names)
    if near:
        return near
    sections = _sections_with(name)
    if sections:
        return f" here; it belongs in {' or '.join(sections)}"
    return f"; known here: {', '.join(names)}"


def _sections_with(name: str) -> list[str]:
    """The places of the format that have a key of this name."""
    found: list[str] = []
    waiting: list[tuple[str, type[BaseModel]]] = [("", Policy)]
    while waiting:
        place, model = waiting.pop(0)
        for key, annotation in _fields(model).items():
            if key == name:
                found.append(place or "the file itself")
            where = f"{place}.{key}" if place else key
            waiting += [(where, inner) for inner in _models_in(annotation)]
    return found


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a field may hold, itself or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]
