"""What /proc says of processes."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.processes import cpu_of, cpu_of_machine, pss_of, tree


def test_the_cpu_of_a_process_and_its_children_is_counted() -> None:
    before = cpu_of_machine()
    burn = "import time; t = time.process_time()\nwhile time.process_time() - t < 0.15: pass\nprint(flush=True); input()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        assert len(tree(process.pid)) == 2
        assert cpu_of(process.pid).total >= 0.14
        assert pss_of(process.pid) > 1000
        process.stdin.write(b"\n")
        process.stdin.close()
    assert cpu_of_machine() - before >= 0.14
    assert cpu_of(os.getpid()).user > 0
