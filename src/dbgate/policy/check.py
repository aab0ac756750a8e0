"""Warnings about a policy file that is correct: what it says may not be what its author meant."""

from __future__ import annotations

from dbgate.errors import Problem
from dbgate.policy.blockshapes import no_statement
from dbgate.policy.conflicts import Warnings, check_conflicts
from dbgate.policy.folding import is_system_schema
from dbgate.policy.globs import is_glob
from dbgate.policy.load import PolicyFile
from dbgate.policy.model import Entry
from dbgate.policy.names import QualifiedName
from dbgate.policy.operations import OPERATIONS, WITHOUT_TABLE
from dbgate.policy.patterns import Regex
from dbgate.policy.precedence import Precedence
from dbgate.policy.yamltext import Path
from dbgate.sql.shape import StatementPattern


def check_policy(file: PolicyFile) -> list[Problem]:
    """Every warning, in file order: same form as an error's problems."""
    warnings = Warnings(file)
    entries = file.policy.access_control
    if not entries:
        warnings.add(("access_control",), "there is no access rule: nobody can log in")
    for number, entry in enumerate(entries):
        _check_tables(warnings, number, entry)
        _check_operations(warnings, number, entry)
        _check_sources(warnings, number, entry)
    _check_order(warnings, entries)
    _check_rules(warnings)
    _check_shapes(warnings)
    _check_procedures(warnings)
    check_conflicts(warnings)
    return sorted(warnings.problems, key=lambda problem: (problem.line, problem.column))


def _check_tables(warnings: Warnings, number: int, entry: Entry) -> None:
    here: Path = ("access_control", number)
    lists: list[tuple[Path, list[QualifiedName]]] = [((*here, "allowed_tables"), entry.allowed_tables)]
    lists += [((*here, "grants", i, "tables"), grant.tables) for i, grant in enumerate(entry.grants)]
    limited = {
        (*here, "grants", i, "tables") for i, grant in enumerate(entry.grants) if grant.columns is not None
    }
    no_default = warnings.file.policy.global_.default_schema is None
    closed = warnings.file.policy.data_protection.block_schema_access
    for path, tables in lists:
        for index, table in enumerate(tables):
            if table.schema is None and no_default:
                message = (
                    f"{table.text!r} names no schema and global.default_schema is not set, so it is "
                    "that table in any schema"
                )
                warnings.add((*path, index), message)
            elif table.schema is not None and closed and is_system_schema(table.schema.text):
                warnings.add(
                    (*path, index), f"{table.text!r} stays blocked by data_protection.block_schema_access"
                )
            elif path in limited and table.schema is not None and is_system_schema(table.schema.text):
                message = (
                    f"the catalog leaves {table.schema.text} out, so nothing is granted by columns there"
                )
                warnings.add((*path, index), message)


def _check_operations(warnings: Warnings, number: int, entry: Entry) -> None:
    here: Path = ("access_control", number)
    allowed = set(entry.allowed_operations)
    if not entry.grants and not allowed:
        warnings.add(here, "this rule grants no operation: who it matches can log in and do nothing")
    elif entry.allowed_tables and not allowed:
        warnings.add((*here, "allowed_tables"), "without allowed_operations this list grants nothing")
    elif allowed - WITHOUT_TABLE and not entry.allowed_tables and not entry.grants:
        warnings.add((*here, "allowed_operations"), "without allowed_tables these reach no table")
    for index, operation in enumerate(entry.allowed_operations):
        if operation in entry.blocked_operations or "*" in entry.blocked_operations:
            warnings.add(
                (*here, "allowed_operations", index), f"{operation} is in blocked_operations, which wins"
            )
    for grant_index, grant in enumerate(entry.grants):
        for index, operation in enumerate(grant.operations):
            if operation in WITHOUT_TABLE:
                message = f"{operation} touches no table: only allowed_operations can grant it"
                warnings.add((*here, "grants", grant_index, "operations", index), message)


def _check_sources(warnings: Warnings, number: int, entry: Entry) -> None:
    for index, network in enumerate(entry.source_ip or []):
        if network.host_bits:
            message = (
                f"{network.text!r} has bits beyond its prefix length; it means the whole block around it"
            )
            warnings.add(("access_control", number, "source_ip", index), message)


def _check_order(warnings: Warnings, entries: list[Entry]) -> None:
    """Rules that never come to their turn, because earlier ones match everything that they match."""
    order = Precedence(entries)
    names: dict[str, int] = {}
    for number, entry in enumerate(entries):
        here: Path = ("access_control", number)
        takers = [order.takers(number, user) for user in entry.user]
        if all(takers):
            earlier = sorted(set().union(*takers))
            warnings.add(here, f"never used: earlier access rules match first ({_lines(warnings, earlier)})")
        else:
            for index, taken in enumerate(takers):
                if taken:
                    message = f"{entry.user[index]!r} never comes to this rule: an earlier one matches first"
                    where = f" ({_lines(warnings, sorted(taken))})"
                    warnings.add((*here, "user", index), message + where)
        if entry.name is not None:
            if entry.name in names:
                message = f"{entry.name!r} is also the name of the rule in line {names[entry.name]}"
                warnings.add((*here, "name"), message)
            names.setdefault(entry.name, warnings.file.line(*here))


def _lines(warnings: Warnings, numbers: list[int]) -> str:
    """Where access rules stand."""
    return "line " + ", ".join(str(warnings.file.line("access_control", number)) for number in numbers)


def _check_rules(warnings: Warnings) -> None:
    rules = warnings.file.policy.sql_rules
    for index, text in enumerate(rules.block_statements):
        why = no_statement(StatementPattern(text)) if text not in OPERATIONS else ""
        if why:
            path: Path = ("sql_rules", "block_statements", index)
            warnings.add(path, f"no statement has this shape: {why}")
    for index, item in enumerate(rules.block_patterns):
        if Regex(item.pattern, True).search(""):
            path = ("sql_rules", "block_patterns", index)
            warnings.add(path, "this pattern matches the empty text, and so every statement")
    if rules.injection.detectors == []:
        warnings.add(("sql_rules", "injection", "detectors"), "no detector is on; leave the key out for all")


def _check_shapes(warnings: Warnings) -> None:
    shapes = warnings.file.policy.sql_rules.shapes
    if shapes is None or shapes.mode == "learning" or warnings.file.shapes is None:
        return
    learned = warnings.file.shapes.users
    for number, entry in enumerate(warnings.file.policy.access_control):
        for index, user in enumerate(entry.user):
            if not is_glob(user) and not learned.get(user):
                message = f"no shape was learned of {user!r}: everything that this user sends is new"
                warnings.add(("access_control", number, "user", index), message)


def _check_procedures(warnings: Warnings) -> None:
    control = warnings.file.policy.procedure_control
    if control.mode == "whitelist" and not control.whitelist:
        warnings.add(("procedure_control", "mode"), "the whitelist is empty: no procedure can be called")
    if control.mode == "blacklist" and not control.blacklist:
        warnings.add(("procedure_control", "mode"), "the blacklist is empty: CALL alone decides")
    if control.mode == "whitelist" and control.blacklist:
        warnings.add(("procedure_control", "blacklist"), "not used: mode is whitelist")
    if control.mode == "blacklist" and control.whitelist:
        warnings.add(("procedure_control", "whitelist"), "not used: mode is blacklist")
    no_default = warnings.file.policy.global_.default_schema is None
    for key, names in (("whitelist", control.whitelist), ("blacklist", control.blacklist)):
        for index, name in enumerate(names):
            if name.schema is None and no_default:
                message = f"{name.text!r} names no schema, so it is that procedure in any schema"
                warnings.add(("procedure_control", key, index), message)
