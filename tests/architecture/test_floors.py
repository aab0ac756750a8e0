"""A floor imports only floors below it, siblings never meet, nothing goes round in a circle, no file grows too big."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import FLOORS, PROJECT, PURE, SOURCE, Module, modules, ours

# Pure code takes `now`, texts and bytes as arguments; these would let the world in.
BANNED = frozenset(
    [
        "asyncio",
        "socket",
        "time",
        "os",
        "logging",
        "threading",
        "subprocess",
        "selectors",
        "signal",
        "multiprocessing",
        "tempfile",
        "shutil",
        "uvloop",
    ]
)
BANNED_CALLS = frozenset({"open", "input", "print"})
BANNED_METHODS = frozenset({"now", "utcnow", "today"})  # of datetime
LIMIT = 400


def _may_import(importer: str, imported: str) -> bool:
    """Whether package `importer` may import package `imported` ("" is a module beside the packages)."""
    if imported == importer or imported == "":
        return True
    if importer == "":
        return False
    if importer in ("cli", "dashboard"):  # they work with no gateway running (docs/adr/0001)
        return imported == "control" or FLOORS[imported] < PURE
    return FLOORS[imported] < FLOORS[importer]


def _crossings(module: Module) -> Iterator[str]:
    for line, name in module.imports():
        target = ours(name)
        if target and not _may_import(module.package, modules()[target].package):
            yield f"{module.path.relative_to(PROJECT)}:{line} imports {name}"


def test_every_package_has_a_floor() -> None:
    folders = {
        path.name for path in (SOURCE / "dbgate").iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    assert folders == set(FLOORS)


def test_a_floor_imports_only_floors_below_it() -> None:
    assert [crossing for module in modules().values() for crossing in _crossings(module)] == []


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("gate", "policy", True),
        ("policy", "gate", False),
        ("policy", "sql", True),
        ("audit", "stats", False),
        ("gateway", "sinks", False),
        ("cli", "control", True),
        ("cli", "workers", False),
        ("dashboard", "gateway", False),
        ("workers", "dashboard", False),
        ("wire", "", True),
    ],
)
def test_the_rule_itself(importer: str, imported: str, allowed: bool) -> None:
    assert _may_import(importer, imported) is allowed


def _find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """One cycle of the graph as a path, or []. Depth first, without recursion."""
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        stack = [(start, iter(sorted(graph[start])))] if start not in done else []
        while stack:
            node, rest = stack[-1]
            if len(path) < len(stack):
                path.append(node)
            following = next(rest, None)
            if following is None:
                done.add(node)
                stack.pop()
                path.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                stack.append((following, iter(sorted(graph[following]))))
    return []


def test_no_cycles() -> None:
    graph = {
        name: {target for _, imported in module.imports() if (target := ours(imported)) and target != name}
        for name, module in modules().items()
    }
    assert _find_cycle(graph) == []


def test_a_cycle_is_found() -> None:
    assert _find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]
    assert _find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def _impure(module: Module) -> Iterator[str]:
    where = module.path.relative_to(PROJECT)
    for line, name in module.imports():
        if name.split(".")[0] in BANNED:
            yield f"{where}:{line} imports {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in BANNED_CALLS:
                yield f"{where}:{node.lineno} calls {called.id}()"
            if isinstance(called, ast.Attribute) and called.attr in BANNED_METHODS:
                if isinstance(called.value, ast.Name) and called.value.id in ("datetime", "date"):
                    yield f"{where}:{node.lineno} calls {called.value.id}.{called.attr}()"


def test_the_pure_floors_do_no_io_and_know_no_clock() -> None:
    pure = [m for m in modules().values() if not m.package or m.floor < PURE]
    assert len(pure) > 20
    assert [finding for module in pure for finding in _impure(module)] == []


def test_no_module_is_over_the_limit() -> None:
    files = [*(module.path for module in modules().values())]
    files += [*(PROJECT / "benchmarks").rglob("*.py"), *(PROJECT / "scripts").glob("*.py")]
    assert {
        str(p.relative_to(PROJECT)): n for p in files if (n := len(p.read_text().splitlines())) > LIMIT
    } == {}
