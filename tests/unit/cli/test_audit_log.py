from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from dbgate.cli import audit_log


def test_rotated_files_come_oldest_first(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    for name in (
        "audit.jsonl",
        "audit.jsonl.1",
        "audit.jsonl.10.gz",
        "audit.jsonl.2",
        "audit.jsonl.x",
        "other.1",
    ):
        (tmp_path / name).write_bytes(b"")
    names = [Path(path).name for path in audit_log.with_rotated(str(log))]
    assert names == ["audit.jsonl.10.gz", "audit.jsonl.2", "audit.jsonl.1", "audit.jsonl"]
    assert audit_log.with_rotated("-") == ["-"]
    assert audit_log.with_rotated("/nonexistent/a") == ["/nonexistent/a"]


def test_lines_of_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one", tmp_path / "two.gz"
    one.write_bytes(b"a\nb\n")
    two.write_bytes(gzip.compress(b"c\n"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"d\n")))
    monkeypatch.setattr(audit_log, "_EVERY", 1)
    told: list[int] = []
    files = [str(one), str(two)]
    assert list(audit_log.lines([*files, "-"], told.append)) == [b"a\n", b"b\n", b"c\n", b"d\n"]
    assert told == sorted(told)
    assert told[-1] == audit_log.total_bytes(files)
    assert audit_log.total_bytes(["-"]) == 0


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"no gzip",
        gzip.compress(b"x" * 100, mtime=0)[:-9],
        gzip.compress(b"", mtime=0)[:10] + b"\xff" * 20,
    ],
    ids=["absent", "foreign", "cut", "garbled"],
)
def test_a_log_that_cannot_be_read(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SystemExit) as caught:
        list(audit_log.lines([str(path)]))
    assert caught.value.code == 2
    assert "cannot be read" in capsys.readouterr().err


def test_where_the_log_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert audit_log.default_log() == "/var/log/dbgate/audit.jsonl"
    for said, found in (("audit_log: here.jsonl", "here.jsonl"), ("audit_log: '-'", audit_log.DEFAULT_LOG)):
        Path("dbgate.yaml").write_text(said)
        assert audit_log.default_log() == found
    Path("dbgate.yaml").write_text("audit_lgo: x")
    with pytest.raises(SystemExit) as caught:
        audit_log.default_log()
    assert caught.value.code == 2
    monkeypatch.setenv("DBGATE_AUDIT_LOG", "/x")
    assert audit_log.default_log() == "/x"
