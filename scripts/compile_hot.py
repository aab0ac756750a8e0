"""Compile dbgate's hot modules with mypyc into a tree of their own.

    python scripts/compile_hot.py TARGET

TARGET becomes a copy of src/ in which the modules of dbgate.hot.HOT_MODULES have a machine-code twin beside them;
with it first on PYTHONPATH, dbgate runs compiled. Status 0 done, 1 the compiler failed (its words are on stderr), 130
it was interrupted (nothing is left of it).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Nobody else calls our functions by name, so that calls among them need not go by the linker's table.
FLAGS = "-O2 -fno-semantic-interposition -fvisibility=hidden"

_SETUP = """
import sys
from mypyc.build import mypycify
from setuptools import setup
setup(name="dbgate-hot", packages=[], ext_modules=mypycify(sys.argv.pop().split(","), opt_level="3", debug_level="0"))
"""


def hot_files() -> list[str]:
    """The sources to compile, relative to src/."""
    spec = importlib.util.spec_from_file_location("dbgate_hot", ROOT / "src/dbgate/hot.py")
    if spec is None or spec.loader is None:
        raise RuntimeError("src/dbgate/hot.py cannot be read")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [name.replace(".", "/") + ".py" for name in module.HOT_MODULES]


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    target = Path(sys.argv[1]).resolve()
    making = target.with_name(target.name + f".making-{os.getpid()}")
    shutil.copytree(ROOT / "src", making, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    try:
        done = subprocess.run(
            [sys.executable, "-c", _SETUP, "build_ext", "--inplace", "--quiet", ",".join(hot_files())],
            cwd=making,
            capture_output=True,
            text=True,
            env={**os.environ, "MYPYPATH": str(making), "CFLAGS": os.environ.get("CFLAGS", FLAGS)},
        )
        if done.returncode != 0:
            print(done.stdout[-4000:], done.stderr[-4000:], file=sys.stderr)
            return 1
        shutil.rmtree(making / "build", ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)
        making.rename(target)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
