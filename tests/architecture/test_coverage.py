"""Each module of floors 0 to 2 is covered to the last line by its own test file, not by somebody else's.

One run of the unit tests with coverage's contexts tells which test executed which line. Lines of a module's body
(imports, constants, definitions) run once, on the first import, whoever that was; lines inside functions count only
when one of the module's own tests, or the import, ran them.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys

import pytest
from coverage import Coverage

from tests.architecture.source import PROJECT, PURE, Module, modules, own_tests


def _lines_inside_functions(module: Module) -> set[int]:
    inside: set[int] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            body = node.body if isinstance(node.body, list) else [node.body]
            for part in body:
                inside.update(range(part.lineno, (part.end_lineno or part.lineno) + 1))
    return inside


def _heads(module: Module) -> dict[int, int]:
    """First line -> last line of what is one line to coverage: a simple statement, or what stands before the body of
    a compound one. The interpreter may count any of those lines as the one that it ran."""
    heads: dict[int, int] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            heads[node.lineno] = max(node.lineno, last)
    return heads


def _missing(coverage: Coverage, module: Module) -> list[int]:
    """The lines that the module's own tests did not reach."""
    _, statements, _, _, _ = coverage.analysis2(str(module.path))
    by_line = coverage.get_data().contexts_by_lineno(str(module.path))
    own = tuple(f"{path.relative_to(PROJECT)}::" for path in own_tests(module))
    inside = _lines_inside_functions(module)
    heads = _heads(module)
    missing = []
    for line in statements:
        contexts: list[str] = []
        for part in range(line, heads.get(line, line) + 1):
            contexts += by_line.get(part, [])
        reached = any(not context or context.startswith(own) for context in contexts)
        if not reached and not (contexts and line not in inside):
            missing.append(line)
    return missing


@pytest.fixture(scope="module")
def coverage_of_unit_tests(tmp_path_factory: pytest.TempPathFactory) -> Coverage:
    data_file = tmp_path_factory.mktemp("coverage") / "data"
    pure = sorted({module.package for module in modules().values() if module.package and module.floor < PURE})
    folders = [f"tests/unit/{name}" for name in pure if (PROJECT / "tests" / "unit" / name).is_dir()]
    command = [sys.executable, "-X", "dev", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    beside = [
        str(path.relative_to(PROJECT)) for path in sorted((PROJECT / "tests" / "unit").glob("test_*.py"))
    ]
    command += ["--cov=dbgate", "--cov-context=test", "--cov-report=", *folders, *beside]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "COV_", "COVERAGE_"))
    }
    environment |= {"COVERAGE_FILE": str(data_file), "DBGATE_HYPOTHESIS": "quick"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-5000:]
    coverage = Coverage(data_file=str(data_file), config_file=str(PROJECT / "pyproject.toml"))
    coverage.load()
    return coverage


@pytest.mark.slow
def test_each_pure_module_is_covered_by_its_own_tests(coverage_of_unit_tests: Coverage) -> None:
    missing = []
    for module in modules().values():
        if module.has_functions() and (not module.package or module.floor < PURE):
            lines = _missing(coverage_of_unit_tests, module)
            if lines:
                missing.append(f"{module.path.relative_to(PROJECT)}: lines {', '.join(map(str, lines))}")
    assert not missing, "\n".join(missing)
