"""Wheels with machine code: with DBGATE_COMPILE=1, the hot modules' compiled twins go into the wheel beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs scripts/compile_hot.py; a failure there fails the build."""

    def dependencies(self) -> list[str]:
        """What the compiler needs: itself, and the types of what the hot modules import."""
        if os.environ.get("DBGATE_COMPILE") != "1":
            return []
        return [
            "mypy>=1.13",
            "setuptools>=69",
            "types-pyyaml",
            "types-pymysql",
            *self.metadata.core.dependencies,
        ]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get("DBGATE_COMPILE") != "1" or self.target_name != "wheel" or version == "editable":
            return
        tree = Path(tempfile.mkdtemp(prefix="dbgate-wheel-")) / "tree"
        subprocess.run(  # noqa: S603 - our own script
            [sys.executable, str(Path(self.root) / "scripts/compile_hot.py"), str(tree)], check=True
        )
        for library in tree.rglob("*.so"):
            build_data["force_include"][str(library)] = str(library.relative_to(tree))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
