"""Warnings about parts of a policy that take each other's meaning away: shadowed, contradictory, without effect."""

from __future__ import annotations

from typing import final

from dbgate.errors import Problem
from dbgate.policy.globs import GlobIndex
from dbgate.policy.load import PolicyFile
from dbgate.policy.model import Entry
from dbgate.policy.names import NamePart, QualifiedName
from dbgate.policy.operations import OPERATIONS, mask_allows, operations_mask
from dbgate.policy.rights import Rights
from dbgate.policy.yamltext import Path, show_path


@final
class Warnings:
    """What was found so far, each with its place."""

    def __init__(self, file: PolicyFile) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def add(self, path: Path, message: str) -> None:
        """At the line and column of what `path` names in the file."""
        place = self.file.place(*path)
        self.problems.append(Problem(self.file.filename, place.line, place.column, show_path(path), message))


def check_conflicts(warnings: Warnings) -> None:
    """Adds what it finds to `warnings`."""
    policy = warnings.file.policy
    blocked = {name for name in policy.sql_rules.block_statements if name in OPERATIONS}
    for number, entry in enumerate(policy.access_control):
        _tables(warnings, number, entry)
        _operations(warnings, number, entry, blocked)
        _columns(warnings, number, entry)
    _statements(warnings, blocked)
    _calls(warnings)


def never_hit(file: PolicyFile, lines_hit: set[int]) -> list[Problem]:
    """The items that block, and that stand in none of the lines that blocked something (or would have)."""
    warnings = Warnings(file)
    rules = file.policy.sql_rules
    listed: tuple[tuple[str, int], ...] = (
        ("block_statements", len(rules.block_statements)),
        ("block_patterns", len(rules.block_patterns)),
        ("require_where", len(rules.require_where)),
    )
    paths: list[Path] = [("sql_rules", key, index) for key, count in listed for index in range(count)]
    for number, entry in enumerate(file.policy.access_control):
        paths += [
            ("access_control", number, "blocked_operations", i) for i in range(len(entry.blocked_operations))
        ]
    for path in paths:
        if (file.line(*path) or file.line(*path[:-1])) not in lines_hit:
            warnings.add(path, "never hit so far")
    return warnings.problems


def _tables(warnings: Warnings, number: int, entry: Entry) -> None:
    """Tables of a list that another item of the same list has already."""
    here: Path = ("access_control", number, "allowed_tables")
    # Only items with wildcards can hold another one, and there are few of them.
    wide = [(index, name) for index, name in enumerate(entry.allowed_tables) if _wide(name)]
    seen: dict[str, int] = {}
    for index, name in enumerate(entry.allowed_tables):
        holder = next((other for at, other in wide if at != index and _holds(other, name)), None)
        if name.text in seen:
            warnings.add((*here, index), f"{name.text!r} stands here twice")
        elif holder is not None and not (_holds(name, holder)):
            warnings.add((*here, index), f"{name.text!r} is in {holder.text!r} of the same list already")
        seen.setdefault(name.text, index)


def _wide(name: QualifiedName) -> bool:
    return name.name.glob or (name.schema is not None and name.schema.glob)


def _holds(wide: QualifiedName, name: QualifiedName) -> bool:
    if (wide.schema is None) != (name.schema is None):
        return wide.schema is not None and wide.schema.everything and wide.name.everything
    if wide.schema is not None and name.schema is not None and not _part_holds(wide.schema, name.schema):
        return False
    return _part_holds(wide.name, name.name)


def _part_holds(wide: NamePart, part: NamePart) -> bool:
    if wide.everything:
        return True
    if part.glob:
        return wide.glob and wide.text == part.text
    return bool(GlobIndex([wide.text]).find(part.text)) if wide.glob else wide.text == part.text


def _operations(warnings: Warnings, number: int, entry: Entry, blocked: set[str]) -> None:
    """What is allowed in one place and blocked in another."""
    here: Path = ("access_control", number)
    lists: list[tuple[Path, list[str], bool]] = [
        ((*here, "allowed_operations"), list(entry.allowed_operations), False)
    ]
    lists += [
        ((*here, "grants", at, "operations"), list(grant.operations), True)
        for at, grant in enumerate(entry.grants)
    ]
    for path, names, granted in lists:
        for index, name in enumerate(names):
            if name in blocked:
                message = f"{name} is in sql_rules.block_statements, which wins"
                warnings.add((*path, index), message)
            elif granted and (name in entry.blocked_operations or "*" in entry.blocked_operations):
                warnings.add((*path, index), f"{name} is in blocked_operations, which wins")


def _columns(warnings: Warnings, number: int, entry: Entry) -> None:
    """Grants by columns of tables that the same rule opens as a whole."""
    limited = [(at, grant) for at, grant in enumerate(entry.grants) if grant.columns is not None]
    if not limited:
        return
    default_schema = warnings.file.policy.global_.default_schema or ""
    whole = Rights(False, default_schema)
    for name in entry.allowed_tables:
        whole.add(name, operations_mask(entry.allowed_operations))
    for grant in entry.grants:
        if grant.columns is None:
            for name in grant.tables:
                whole.add(name, operations_mask(grant.operations))
    for at, grant in limited:
        for table in grant.tables:
            mask = _on_all_of(whole, table, default_schema)
            shadowed = [operation for operation in grant.operations if mask_allows(mask, operation)]
            if shadowed:
                message = (
                    f"without effect for {', '.join(shadowed)}: this rule grants that on all columns of "
                    f"{table.text!r} already"
                )
                warnings.add(("access_control", number, "grants", at, "columns"), message)


def _on_all_of(rights: Rights, name: QualifiedName, default_schema: str) -> int:
    """What `rights` hold on every table that `name` stands for, as far as that is seen easily."""
    if name.schema is not None and name.schema.glob:
        return rights.everywhere
    schema = name.schema.text if name.schema is not None else default_schema
    return rights.on_schema(schema) if name.name.glob else rights.on_table(schema, name.name.text)


def _statements(warnings: Warnings, blocked: set[str]) -> None:
    """Shapes of operations that are blocked as a whole, and patterns that come twice."""
    rules = warnings.file.policy.sql_rules
    seen: set[str] = set()
    for index, text in enumerate(rules.block_statements):
        verb = text.split()[0].upper()
        if text in seen:
            warnings.add(("sql_rules", "block_statements", index), f"{text!r} stands here twice")
        elif text not in blocked and verb in blocked:
            message = f"never used: {verb} is blocked as a whole"
            warnings.add(("sql_rules", "block_statements", index), message)
        seen.add(text)
    for index, name in enumerate(rules.require_where):
        if name in blocked:
            message = f"never used: {name} is blocked as a whole by block_statements"
            warnings.add(("sql_rules", "require_where", index), message)
    patterns: set[tuple[str, bool]] = set()
    for index, item in enumerate(rules.block_patterns):
        key = (item.pattern, item.literals)
        if key in patterns:
            warnings.add(("sql_rules", "block_patterns", index), "this pattern stands here twice")
        patterns.add(key)


def _calls(warnings: Warnings) -> None:
    """A list of procedures that nobody may call."""
    policy = warnings.file.policy
    control = policy.procedure_control
    if control.mode != "whitelist" or not control.whitelist:
        return
    if not any({"CALL", "*"} & set(entry.allowed_operations) for entry in policy.access_control):
        warnings.add(
            ("procedure_control", "whitelist"), "never used: no access rule has CALL in allowed_operations"
        )
