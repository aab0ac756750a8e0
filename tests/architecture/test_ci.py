"""CI and hand use the same words: every command of ci.yml, the Makefile and the documents exists in ./run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.source import PROJECT


def commands_of_run() -> set[str]:
    """The commands that ./run's case statement knows."""
    text = (PROJECT / "run").read_text()
    body = text[text.index("case $command in") :]
    found: set[str] = set()
    for line in re.findall(r"^  ([a-z][a-z-]*(?: \| [a-z-]+)*)\)", body, re.M):
        found.update(word for word in line.split(" | ") if not word.startswith("-"))
    return found


def parts_of_test() -> set[str]:
    """The parts that ./run test knows."""
    text = (PROJECT / "run").read_text()
    body = text[text.index("run_test() {") : text.index("command=${1:-help}")]
    return set(re.findall(r"^    ([a-z]+)\)", body, re.M))


def workflow() -> dict[str, Any]:
    loaded = yaml.safe_load((PROJECT / ".github" / "workflows" / "ci.yml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def called() -> list[tuple[str, str]]:
    """(job, command line) of each ./run call in ci.yml, with the matrix filled in."""
    found = []
    for name, job in workflow()["jobs"].items():
        matrix = job.get("strategy", {}).get("matrix", {})
        for step in job["steps"]:
            for line in str(step.get("run", "")).splitlines():
                if line.startswith("./run"):
                    key = next((k for k in matrix if f"matrix.{k} " in line), None)
                    for value in matrix[key] if key else [""]:
                        found.append((name, re.sub(r"\$\{\{ matrix\.\w+ \}\}", str(value), line)))
    return found


def test_every_command_of_ci_exists() -> None:
    calls = called()
    assert len(calls) >= 8
    for _, line in calls:
        words = line.split()
        assert words[1] in commands_of_run(), line
        if words[1] == "test":
            assert words[2] in parts_of_test(), line


def test_ci_runs_all_parts_in_jobs_of_their_own() -> None:
    jobs = {line.removeprefix("./run "): name for name, line in called()}
    for part in parts_of_test() - {"all", "fast"}:
        assert f"test {part}" in jobs, f"no job runs ./run test {part}"
    assert jobs["check"] != jobs["test unit"] != jobs["test integration"] != jobs["check"]
    assert "demo --once" in jobs


def test_every_job_has_a_limit_and_reads_only() -> None:
    loaded = workflow()
    assert loaded["permissions"] == {"contents": "read"}
    for name, job in loaded["jobs"].items():
        assert job["timeout-minutes"] <= 30, name


def test_ci_run_calls_the_whole_test() -> None:
    script = PROJECT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "exec ./run test" in script.read_text()


def test_makefile_has_only_targets_of_run() -> None:
    targets = re.findall(r"^([a-z -]+):", (PROJECT / "Makefile").read_text(), re.M)
    names = {name for line in targets for name in line.split()} - {"test-fast"}
    assert names <= commands_of_run()
    assert {"demo", "test", "check", "bench"} <= names


def test_documents_name_only_commands_that_exist() -> None:
    documents = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")]
    unknown = []
    for path in documents:
        for command, part in re.findall(r"\./run ([a-z-]+)(?: ([a-z]+))?", path.read_text()):
            if command not in commands_of_run() or (
                command == "test" and part and part not in parts_of_test()
            ):
                unknown.append(f"{path.name}: ./run {command} {part}")
    assert unknown == []


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROJECT / "run"), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_help_names_every_command() -> None:
    done = run("help")
    assert done.returncode == 0
    assert {word for word in commands_of_run() if not re.search(rf"^  {word}\b", done.stdout, re.M)} == set()


def test_an_unknown_command_is_usage() -> None:
    done = run("no-such-command")
    assert done.returncode == 2
    assert "unknown command: no-such-command" in done.stderr and "usage: ./run" in done.stderr


def test_an_unknown_part_is_usage() -> None:
    done = run("test", "no-such-part")
    assert done.returncode == 2 and "unknown part" in done.stderr


def test_no_python_is_a_clear_message(tmp_path: Path) -> None:
    """A checkout without an environment, on a machine whose Pythons are all too old."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "realpath", "cat", "sha256sum", "cut", "mkdir", "env", "flock", "id"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    (tools / "python3").write_text("#!/bin/bash\nexit 1\n")
    (tools / "python3").chmod(0o755)
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("run", "uv.lock", "pyproject.toml"):
        (checkout / name).write_bytes((PROJECT / name).read_bytes())
    (checkout / "run").chmod(0o755)
    done = subprocess.run(
        [str(tools / "bash"), str(checkout / "run"), "check"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed" in done.stderr and "apt-get install python3" in done.stderr


def review(**environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REVIEW_")}
    return subprocess.run(
        [sys.executable, str(PROJECT / "scripts" / "review.py"), "HEAD~1"],
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_review_is_off_without_a_key() -> None:
    done = review()
    assert done.returncode == 0 and done.stdout.startswith("review: off")


class Reviewer(BaseHTTPRequestHandler):
    """A service that answers every review with the text it was given."""

    answer = "no findings"
    asked: list[dict[str, Any]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        Reviewer.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = json.dumps({"choices": [{"message": {"content": Reviewer.answer}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize(("answer", "status"), [("no findings", 0), ("- BLOCKER: run:1 fails open", 1)])
def test_review_gives_rules_and_change_and_obeys_blockers(answer: str, status: int) -> None:
    history = subprocess.run(["git", "rev-parse", "HEAD~1"], cwd=PROJECT, capture_output=True)
    if history.returncode != 0:
        pytest.skip("a checkout with one commit has no change to review")
    Reviewer.answer = answer
    Reviewer.asked.clear()
    server = HTTPServer(("127.0.0.1", 0), Reviewer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/v1/chat/completions"
        done = review(REVIEW_API_KEY="k", REVIEW_API_URL=url, REVIEW_MODEL="m")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.returncode == status, done.stderr
    assert done.stdout.strip() == answer
    (asked,) = Reviewer.asked
    assert asked["model"] == "m"
    assert (PROJECT / "AGENTS.md").read_text() in asked["messages"][0]["content"]
    assert "diff --git" in asked["messages"][0]["content"]
