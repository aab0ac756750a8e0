"""What a command loads, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.rows import rows


@rows("arguments", [("stats",), ("stats", "-o", "json"), ("sessions", "kill", "x")])
def test_a_look_at_a_gateway_loads_no_parser_and_no_table_library_needlessly(
    arguments: tuple[str, ...],
) -> None:
    code = (
        "import sys\n"
        "from dbgate.cli.main import main\n"
        f"try: main({list(arguments)!r} + ['--socket', '/nonexistent/x'])\n"
        "except SystemExit as end: print(end.code)\n"
        "print([m for m in ('rich', 'pydantic', 'yaml', 'starlette', 'uvicorn', 'dbgate.sql', 'dbgate.policy')"
        " if m in sys.modules])\n"
    )
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert got.stdout == "3\n[]\n"
    assert "dbgate serve" in got.stderr
