"""What differs between two policy files, rule by rule: access rules by name, everything else by key."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Final

from dbgate.policy.load import PolicyFile
from dbgate.policy.planning import entry_name
from dbgate.policy.yamltext import Path

ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"
MOVED: Final = "moved"

_SHOWN: Final = 200  # characters of a value


@dataclass(frozen=True, slots=True)
class Change:
    """what: ADDED, REMOVED, CHANGED or MOVED; rule: its name; line_from, line_to: where it stands in each file, 0 = not
    there; details: what differs in it, one line each."""

    what: str
    rule: str
    line_from: int = 0
    line_to: int = 0
    details: list[str] = field(default_factory=list)


def compare(old: PolicyFile, new: PolicyFile) -> list[Change]:
    """Every difference in meaning; comments, order of keys and a single value in a list's place are none. Access rules
    come first, in the new file's order, then those that are gone, then the other sections."""
    changes = _access_rules(old, new)
    before, after = _root(old), _root(new)
    for section in sorted({*before, *after} - {"access_control"}, key=_section_order):
        changes += _section(old, new, section, before.get(section), after.get(section))
    before_shapes, after_shapes = old.shapes_text or "", new.shapes_text or ""
    if before_shapes != after_shapes:
        details = _lines(before_shapes, after_shapes)
        changes.append(Change(CHANGED, "the learned shapes", details=details))
    return changes


def text_diff(old: str, new: str, name_old: str, name_new: str) -> str:
    """The texts as a unified diff, "" where they are the same."""
    return "".join(
        line if line.endswith("\n") else line + "\n"
        for line in difflib.unified_diff(
            old.splitlines(keepends=True), new.splitlines(keepends=True), name_old, name_new
        )
    )


_SECTIONS: Final = (
    "version",
    "global",
    "sql_rules",
    "procedure_control",
    "data_protection",
    "audit",
    "alerts",
)


def _section_order(name: str) -> int:
    return _SECTIONS.index(name) if name in _SECTIONS else len(_SECTIONS)


def _root(file: PolicyFile) -> dict[str, object]:
    return file.document.data if isinstance(file.document.data, dict) else {}


def _names(file: PolicyFile) -> list[str]:
    """The access rules' names; one that comes twice gets a number."""
    seen: dict[str, int] = {}
    names: list[str] = []
    for entry in file.policy.access_control:
        name = entry_name(entry)
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _entries(file: PolicyFile) -> list[object]:
    entries = _root(file).get("access_control")
    return entries if isinstance(entries, list) else [] if entries is None else [entries]


def _access_rules(old: PolicyFile, new: PolicyFile) -> list[Change]:
    names_old, names_new = _names(old), _names(new)
    entries_old, entries_new = _entries(old), _entries(new)
    at_old = {name: number for number, name in enumerate(names_old)}
    at_new = {name: number for number, name in enumerate(names_new)}
    # Order is meaning here: the first rule that matches counts. What keeps its place among those in both has not moved.
    common_new = [name for name in names_new if name in at_old]
    common_old = [name for name in names_old if name in at_new]
    kept: set[str] = set()
    for block in difflib.SequenceMatcher(None, common_old, common_new, autojunk=False).get_matching_blocks():
        kept.update(common_new[block.b : block.b + block.size])
    changes: list[Change] = []
    for number, name in enumerate(names_new):
        rule = f"access rule '{name}'"
        line = new.line("access_control", number)
        if name not in at_old:
            changes.append(Change(ADDED, rule, 0, line, _values(entries_new[number])))
            continue
        line_old = old.line("access_control", at_old[name])
        details = _differences(entries_old[at_old[name]], entries_new[number], "")
        if name not in kept:
            details.insert(0, f"stands at place {number + 1}, before at {at_old[name] + 1}")
            changes.append(Change(MOVED, rule, line_old, line, details))
        elif details:
            changes.append(Change(CHANGED, rule, line_old, line, details))
    for number, name in enumerate(names_old):
        if name not in at_new:
            line_old = old.line("access_control", number)
            changes.append(
                Change(REMOVED, f"access rule '{name}'", line_old, 0, _values(entries_old[number]))
            )
    return changes


def _section(old: PolicyFile, new: PolicyFile, name: str, before: object, after: object) -> list[Change]:
    """The changes of one section: one for each of its keys."""
    if not isinstance(before, dict) and not isinstance(after, dict):
        return _key(old, new, (name,), before, after)
    first = before if isinstance(before, dict) else {}
    second = after if isinstance(after, dict) else {}
    changes: list[Change] = []
    for key in [*first, *(key for key in second if key not in first)]:
        changes += _key(old, new, (name, key), first.get(key), second.get(key))
    return changes


def _key(old: PolicyFile, new: PolicyFile, path: Path, before: object, after: object) -> list[Change]:
    details = _differences(before, after, "")
    if not details:
        return []
    what = ADDED if before is None else REMOVED if after is None else CHANGED
    line_old = old.line(*path) if before is not None else 0
    line_new = new.line(*path) if after is not None else 0
    return [Change(what, ".".join(str(step) for step in path), line_old, line_new, details)]


def _values(value: object) -> list[str]:
    return _differences({}, value, "")


def _differences(before: object, after: object, key: str) -> list[str]:
    """One line for each thing that differs: `allowed_tables: + shop.x`, `mode: monitor → enforce`."""
    if before == after:
        return []
    if isinstance(before, dict) or isinstance(after, dict):
        first = before if isinstance(before, dict) else {}
        second = after if isinstance(after, dict) else {}
        lines: list[str] = []
        for name in [*first, *(name for name in second if name not in first)]:
            lines += _differences(first.get(name), second.get(name), f"{key}.{name}" if key else str(name))
        return lines
    label = f"{key}: " if key else ""
    if isinstance(before, list) or isinstance(after, list):
        was, now = _list(before), _list(after)
        gone, new = [item for item in was if item not in now], [item for item in now if item not in was]
        lines = _other_columns(gone, new) if key == "grants" else []
        lines += [f"{label}- {_show(item)}" for item in gone]
        lines += [f"{label}+ {_show(item)}" for item in new]
        if not lines and was != now:
            lines = [f"{label}in another order, or another number of times"]
        return lines
    if before is None:
        return [f"{label}{_show(after)}"]
    if after is None:
        return [f"{label}{_show(before)} → not set"]
    return [f"{label}{_show(before)} → {_show(after)}"]


def _other_columns(gone: list[object], new: list[object]) -> list[str]:
    """The grants that differ in their columns only, taken out of both lists: which columns those are."""
    lines: list[str] = []
    for old in list(gone):
        for now in new:
            if not isinstance(old, dict) or not isinstance(now, dict) or "columns" not in {*old, *now}:
                continue
            rest = {name: value for name, value in old.items() if name != "columns"}
            if rest != {name: value for name, value in now.items() if name != "columns"}:
                continue
            label = f"grants: {_show(rest)}"
            if "columns" not in old or "columns" not in now:
                lines.append(f"{label}: {_limits(old)} → {_limits(now)}")
            else:
                lines += _differences(old["columns"], now["columns"], f"{label}: columns")
            gone.remove(old)
            new.remove(now)
            break
    return lines


def _limits(grant: dict[str, object]) -> str:
    return f"columns {_show(grant['columns'])}" if "columns" in grant else "all columns"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _show(value: object) -> str:
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{name}: {_show(item)}" for name, item in value.items()) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(_show(item) for item in value) + "]"
    else:
        text = "null" if value is None else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _lines(before: str, after: str) -> list[str]:
    """The lines of two texts that differ, without their surroundings."""
    return [
        f"{line[0]} {line[1:].strip()}"
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
