"""The project's source as the architecture tests see it: modules, their imports, their public names."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SOURCE = PROJECT / "src"

# Each floor's packages. A package imports only packages of lower floors; `errors` belongs to everyone.
FLOORS: dict[str, int] = {
    "wire": 0,
    "sql": 0,
    "config": 0,
    "policy": 1,
    "audit": 1,
    "stats": 1,
    "gate": 2,
    "gateway": 3,
    "sinks": 3,
    "analyst": 3,
    "control": 4,
    "workers": 5,
    "cli": 6,
    "dashboard": 6,
}
PURE = 3  # floors below this one are pure


class Module:
    """One file of src/dbgate. name: dotted; package: its floor's folder, "" for those beside the folders."""

    def __init__(self, path: Path) -> None:
        self.path = path
        parts = path.relative_to(SOURCE).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.package = parts[1] if len(parts) > 2 else ""
        self.lines = path.read_text().splitlines()
        self.tree = ast.parse("\n".join(self.lines), str(path))

    @property
    def floor(self) -> int:
        return FLOORS[self.package]

    def imports(self) -> list[tuple[int, str]]:
        """(line, dotted name) of every import, also those inside functions and TYPE_CHECKING blocks.
        `from a import b` gives a.b, so that a module that is imported by name is seen as that module."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    own = self.name.split(".")
                    is_package = self.path.name == "__init__.py"
                    kept = own[: len(own) - node.level + (1 if is_package else 0)]
                    base = ".".join([*kept, base] if base else kept)
                found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
        return found

    def public_functions(self) -> list[str]:
        """Public functions at the top level."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [n.name for n in self.tree.body if isinstance(n, kinds) and not n.name.startswith("_")]

    def has_functions(self) -> bool:
        """Whether there is anything to test; tables of constants are proved by those who use them."""
        return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(self.tree))


@functools.cache
def modules() -> dict[str, Module]:
    """Every module of the package, by dotted name."""
    found = [Module(path) for path in sorted((SOURCE / "dbgate").rglob("*.py"))]
    return {module.name: module for module in found}


def ours(name: str) -> str:
    """The module of ours that an imported dotted name means ("" where it is somebody else's)."""
    if name != "dbgate" and not name.startswith("dbgate."):
        return ""
    known = modules()
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


@functools.cache
def texts_of_tests() -> dict[str, str]:
    """The text of every test file, by path relative to the project."""
    return {str(path.relative_to(PROJECT)): path.read_text() for path in (PROJECT / "tests").rglob("*.py")}


def own_tests(module: Module) -> list[Path]:
    """The test files that are a module's own: tests/unit/<folders>/test_<module>.py and test_<module>_*.py,
    unless the longer name is that of another module."""
    parts = module.name.split(".")[1:]
    if not parts:
        return []
    folder = PROJECT.joinpath("tests", "unit", *parts[:-1])
    siblings = {
        name.split(".")[-1] for name in modules() if name.rpartition(".")[0] == module.name.rpartition(".")[0]
    }
    found = []
    for path in sorted(folder.glob(f"test_{parts[-1]}*.py")):
        stem = path.stem.removeprefix("test_")
        owners = [name for name in siblings if stem == name or stem.startswith(f"{name}_")]
        if owners and max(owners, key=len) == parts[-1]:
            found.append(path)
    return found
