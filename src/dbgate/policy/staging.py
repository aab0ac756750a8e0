"""What is in monitor mode, what it would have blocked, and the text of the file with it enforced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from dbgate.errors import PolicyError
from dbgate.policy.load import PolicyFile, kept_shapes, parse_policy
from dbgate.policy.planning import entry_name
from dbgate.policy.yamltext import Path, show_path

# The rules that can be monitored, in the order of decision: of several monitored ones the record names the first.
ORDER: Final = (
    "tls-required",
    "time-restriction",
    "rate-limit",
    "block-statement",
    "require-where",
    "injection",
    "shape",
    "block-pattern",
    "procedure",
    "dynamic-sql",
    "schema-access",
    "blocked-operation",
    "operation-denied",
    "table-denied",
    "column-denied",
    "function-denied",
    "max-result-rows",
)
_SQL_RULES: Final = frozenset(("block-statement", "require-where", "block-pattern"))
_OF_SECTIONS: Final = _SQL_RULES | {"injection", "shape"}
_OF_ENTRIES: Final = frozenset(ORDER) - _OF_SECTIONS


@dataclass(frozen=True, slots=True)
class Hit:
    """What a monitored rule would have blocked. count: statements; line: of the rule in the file."""

    rule: str
    line: int
    count: int


@dataclass(slots=True)
class Staged:
    """Something with a mode of its own that lets pass what it would block. name: as promote takes it; path: of the mode
    in the file; line: of the mode; was, becomes: its value; own: what it would have blocked, or may have; hiding: what
    other monitored rules took, which may hide more of it."""

    name: str
    path: Path
    line: int
    was: str
    becomes: str = "enforce"
    own: list[Hit] = field(default_factory=list)
    hiding: list[Hit] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing of what was seen would have been blocked."""
        return not self.own and not self.hiding


def staged(file: PolicyFile, rule_lines: Sequence[Mapping[str, object]] = ()) -> list[Staged]:
    """Everything that is monitored by a mode of its own, in file order. rule_lines: as the statistics have them."""
    hits = [
        Hit(str(one["rule"]), int(str(one["line"])), int(str(one["monitored"])))
        for one in rule_lines
        if one.get("monitored")
    ]
    found = _found(file)
    for one in found:
        mine = _mine(file, one)
        last = max((ORDER.index(rule) for rule in mine if rule in ORDER), default=0)
        for hit in hits:
            if hit.rule in mine and _is_its(file, one, hit):
                one.own.append(hit)
            elif hit.rule in ORDER and ORDER.index(hit.rule) < last and not _of_another(file, one, hit):
                one.hiding.append(hit)
    return sorted(found, key=lambda one: one.line)


def _found(file: PolicyFile) -> list[Staged]:
    policy = file.policy
    rules = policy.sql_rules
    modes: list[tuple[str, Path, str | None]] = [
        ("global", ("global", "mode"), policy.global_.mode if file.line("global", "mode") else None),
        ("sql_rules", ("sql_rules", "mode"), rules.mode),
        ("injection", ("sql_rules", "injection", "mode"), rules.injection.mode),
        ("shapes", ("sql_rules", "shapes", "mode"), rules.shapes.mode if rules.shapes is not None else None),
    ]
    for number, detector in enumerate(rules.injection.detectors or []):
        path: Path = ("sql_rules", "injection", "detectors", number, "mode")
        modes.append((f"injection.{detector.name}", path, detector.mode))
    single = ("access_control", 0) not in file.document.values  # one rule in the list's place
    for number, entry in enumerate(policy.access_control):
        path = ("access_control", "mode") if single else ("access_control", number, "mode")
        modes.append((entry_name(entry), path, entry.mode))
    return [
        Staged(name, path, file.line(*path), mode)
        for name, path, mode in modes
        if mode in ("monitor", "detect")
    ]


def _mine(file: PolicyFile, one: Staged) -> frozenset[str]:
    """The rules that can be its."""
    if one.path[0] == "global":
        return frozenset(ORDER)
    if one.path[0] == "access_control":
        return _OF_ENTRIES
    if one.path[1] == "shapes":
        return frozenset(("shape",))
    if one.path[1] == "injection":
        return frozenset(("injection",))
    return _SQL_RULES | {"injection"} if file.policy.sql_rules.injection.mode is None else _SQL_RULES


def _is_its(file: PolicyFile, one: Staged, hit: Hit) -> bool:
    """Whether the hit is its, or may be: what a section outside of the access rules decides in their mode may be of any."""
    if one.path[0] == "access_control":
        return not _of_another(file, one, hit)
    if hit.rule == "injection":
        detectors = file.policy.sql_rules.injection.detectors or []
        own = [n for n, detector in enumerate(detectors) if detector.mode is not None]
        lines = {file.line("sql_rules", "injection", "detectors", n): n for n in own}
        if len(one.path) > 3:  # a detector with a mode
            return hit.line == file.line(*one.path[:-1])
        return one.path[0] == "global" or hit.line not in lines
    return True


def _of_another(file: PolicyFile, one: Staged, hit: Hit) -> bool:
    """Whether it was decided by another access rule than `one`: a statement is under one of them only."""
    if one.path[0] != "access_control":
        return False
    number = one.path[1] if len(one.path) > 2 else 0
    return _entry_at(file, hit.line) not in (number, -1)


def _entry_at(file: PolicyFile, line: int) -> int:
    """The access rule that `line` is in; -1 for none."""
    starts = [file.line("access_control", n) for n in range(len(file.policy.access_control))]
    begin = file.line("access_control")
    after = min((place.line for path, place in file.document.keys.items() if len(path) == 1 and place.line > begin), default=1 << 60)  # fmt: skip
    if not starts or not starts[0] <= line < max(after, starts[-1] + 1):
        return -1
    return max(n for n, start in enumerate(starts) if start <= line)


def promoted(text: str, file: PolicyFile, one: Staged) -> str:
    """`text` with its mode enforced, and nothing else changed: comments and layout stay. ValueError where the file is
    written so that this cannot be done for sure (aliases, for instance)."""
    place = file.document.values[one.path]
    lines = text.splitlines(keepends=True)
    line, at = lines[place.line - 1], place.column - 1
    for quote in ("", '"', "'"):
        word = f"{quote}{one.was}{quote}"
        if line.startswith(word, at):
            lines[place.line - 1] = line[:at] + one.becomes + line[at + len(word) :]
            break
    else:
        raise ValueError(f"{show_path(one.path)} is not written out in line {place.line}")
    new = "".join(lines)
    try:
        after = parse_policy(new, file.filename, kept_shapes(file.shapes_text))
    except PolicyError as error:
        raise ValueError(f"the file would not be valid any more: {error}") from None
    if _without(file.document.data, one.path) != _without(after.document.data, one.path):
        raise ValueError(f"{show_path(one.path)} is used in other places of the file too")
    return new


def _without(data: object, path: Path) -> object:
    """A copy of the data in which the value at `path` is gone."""
    if not path:
        return None
    if isinstance(data, dict):
        return {name: _without(value, path[1:]) if name == path[0] else value for name, value in data.items()}
    assert isinstance(data, list)  # noqa: S101 - the path leads through it
    return [_without(value, path[1:]) if n == path[0] else value for n, value in enumerate(data)]
