"""The hot modules as machine code: every one on the list is compiled, and does the same as its source."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbgate.hot import HOT_MODULES

ROOT = Path(__file__).resolve().parents[2]
# The floors that are compiled; their unit tests are run again with the machine code.
FLOORS = ("wire", "sql", "gate", "policy", "audit", "stats", "gateway")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if shutil.which("gcc") is None or not header.exists():
        pytest.skip("no C compiler with Python's headers (Debian: apt-get install gcc python3-dev)")
    made = tmp_path_factory.mktemp("compiled") / "tree"
    subprocess.run(
        [sys.executable, str(ROOT / "scripts/compile_hot.py"), str(made)], check=True, timeout=1200
    )
    yield made
    shutil.rmtree(made)


def _python(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tree), "DBGATE_HYPOTHESIS": "quick"},
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.mark.timeout(1500)
def test_every_listed_module_is_compiled(tree: Path) -> None:
    done = _python(tree, "-c", "from dbgate import hot; print(hot.describe(), len(hot.compiled_modules()))")
    assert done.stdout.split() == ["compiled", str(len(HOT_MODULES))], done.stderr


@pytest.mark.timeout(1500)
def test_the_unit_tests_pass_compiled(tree: Path) -> None:
    folders = [f"tests/unit/{floor}" for floor in FLOORS]
    done = _python(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *folders)
    assert done.returncode == 0, done.stdout[-6000:]


def test_a_wheel_without_the_switch_is_pure(tmp_path: Path) -> None:
    uv = next((str(path) for path in (ROOT / ".tools/bin/uv",) if path.exists()), shutil.which("uv") or "")
    if not uv:
        pytest.skip("uv is not here (./run bootstrap brings it)")
    environment = {key: value for key, value in os.environ.items() if key != "DBGATE_COMPILE"}
    command = [uv, "build", "--wheel", "--quiet", "--out-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, env={**environment, "UV_SYSTEM_CERTS": "1"}, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "dbgate/hot.py" in names
    assert not [name for name in names if name.endswith(".so")]
