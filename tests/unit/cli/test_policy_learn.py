from __future__ import annotations

import gzip
import json
from pathlib import Path

from dbgate.policy.shapefile import ShapeFile, parse_shapes
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, LexContext
from tests.unit.cli.conftest import Run

CTX = LexContext(MARIADB, 101106)
SELECT = "SELECT id FROM orders WHERE name = 'x'"


def line(sql: str = SELECT, **more: object) -> str:
    found = analyze(sql.encode(), CTX, "shop")
    record: dict[str, object] = {
        "time": "2026-01-31T09:00:00.000001Z",
        "event": "query.allowed",
        "db_user": "app",
        "db_schema": "shop",
        "operations": sorted({name for unit in found.statements for name in unit.operations}),
        "tables": ["shop.orders"],
        "detections": sorted({hit.detector for unit in found.statements for hit in unit.detections}),
        "statement": found.masked,
        "digest": found.digest,
        "decision": "allow",
        "error_code": 0,
    }
    return json.dumps(record | more) + "\n"


def written(path: Path) -> ShapeFile:
    return parse_shapes(path.read_text(), str(path))


def statements(file: ShapeFile, user: str = "app") -> list[str]:
    return sorted(shape.statement for shape in file.users.get(user, {}).values())


def test_from_a_log_to_a_file(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_text(line() + line(SELECT.replace("'x'", "'y'")) + "cut {\n" + line(db_user="other"))
    result = run("policy", "learn", str(log), "--out", "shapes.yaml")
    assert result.exit_code == 0
    assert result.stderr == "dbgate-cli: 3 statements: 2 new shapes, 2 shapes of 2 users in shapes.yaml\n"
    assert result.stdout == ""
    assert statements(written(tmp_path / "shapes.yaml")) == ["SELECT id FROM orders WHERE name = ?"]
    assert (tmp_path / "shapes.yaml").stat().st_mode & 0o777 == 0o644


def test_for_programs(run: Run, tmp_path: Path) -> None:
    log = line() + line("SELECT id FROM orders WHERE id = 1 OR 1 = 1")
    found = json.loads(run("policy", "learn", "-", "-o", "json", stdin=log.encode()).stdout)
    (tmp_path / "shown.yaml").write_text(found.pop("text"))
    assert statements(written(tmp_path / "shown.yaml")) == ["SELECT id FROM orders WHERE name = ?"]
    assert found == {
        "statements": 2,
        "new_shapes": 1,
        "shapes": 1,
        "users": 1,
        "file": "",
        "left_out": [
            {
                "user": "app",
                "statement": "SELECT id FROM orders WHERE id = ? OR ? = ?",
                "detectors": ["tautology"],
            }
        ],
    }
    result = run("policy", "learn", "-", "-o", "json", "--out", "shapes.yaml", stdin=log.encode())
    assert json.loads(result.stdout)["file"] == "shapes.yaml"
    assert (result.stderr, json.loads(result.stdout)["text"]) == ("", "")
    assert not (tmp_path / "json").exists()
    assert (tmp_path / "shown.yaml").read_text() == (tmp_path / "shapes.yaml").read_text()


def test_what_is_in_the_file_stays(run: Run, tmp_path: Path) -> None:
    shapes = tmp_path / "shapes.yaml"
    shapes.touch(0o600)
    for sql in (SELECT, "DELETE FROM orders WHERE id = 1", SELECT):
        result = run("policy", "learn", "-", "--output", "shapes.yaml", stdin=line(sql).encode())
    assert result.stderr.startswith("dbgate-cli: 1 statements: 0 new shapes, 2 shapes of 1 users")
    assert statements(written(shapes)) == [
        "DELETE FROM orders WHERE id = ?",
        "SELECT id FROM orders WHERE name = ?",
    ]
    assert shapes.stat().st_mode & 0o777 == 0o600


def test_what_is_not_learned(run: Run) -> None:
    log = (
        line(decision="block")
        + line(error_code=1064)
        + line(event="connection.open", digest="", decision="")
        + line(db_user=7)
        + line(tables="nonsense", digest="0" * 32)
    )
    result = run("policy", "learn", "-", stdin=log.encode())
    found = parse_shapes(result.stdout, "out")
    assert [shape.tables for shape in found.users["app"].values()] == [set()]
    result = run("policy", "learn", "-", "--user", "nobody", stdin=line().encode())
    assert result.stdout.endswith("users: {}\n")


def test_since(run: Run) -> None:
    log = (line() + line(time="later") + line("SELECT 1 FROM new", time="2026-02-01T00:00:00Z")).encode()
    result = run("policy", "learn", "-", "--since", "2026-02-01", stdin=log)
    assert statements(parse_shapes(result.stdout, "out")) == ["SELECT ? FROM new"]


def test_hits_of_detectors_are_shown_and_learned_on_request(run: Run) -> None:
    log = line("SELECT id FROM orders WHERE name = 'x' OR 1=1 -- '").encode()
    result = run("policy", "learn", "-", stdin=log)
    assert result.stdout.endswith("users: {}\n")
    assert "1 shapes were left out, because an injection detector hit them" in result.stderr
    assert "  app [comment_truncation, tautology] SELECT id" in result.stderr
    result = run("policy", "learn", "-", "--with-detected", stdin=log)
    (shape,) = parse_shapes(result.stdout, "out").users["app"].values()
    assert "tautology" in shape.detectors
    assert "left out" not in result.stderr


def test_rotated_logs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text(line())
    (tmp_path / "audit.jsonl.1").write_text(line("SELECT 1 FROM one"))
    (tmp_path / "audit.jsonl.2.gz").write_bytes(gzip.compress(line("SELECT 1 FROM two").encode()))
    result = run("policy", "learn", "audit.jsonl", "audit.jsonl.1", "audit.jsonl.2.gz")
    assert len(statements(parse_shapes(result.stdout, "out"))) == 3


def test_what_cannot_be_read_or_written(run: Run, tmp_path: Path) -> None:
    result = run("policy", "learn", "none.jsonl")
    assert (result.exit_code, "none.jsonl cannot be read: No such file" in result.stderr) == (2, True)
    (tmp_path / "bad.gz").write_bytes(b"no gzip")
    assert run("policy", "learn", "bad.gz").exit_code == 2
    (tmp_path / "cut.gz").write_bytes(gzip.compress(line().encode())[:-9])
    assert run("policy", "learn", "cut.gz").exit_code == 2
    for content in (b"version: 1\naccess_control: []\n", b"\xff"):
        (tmp_path / "policy.yaml").write_bytes(content)
        result = run("policy", "learn", "-", "--out", "policy.yaml", stdin=line().encode())
        assert (result.exit_code, "it stays as it is" in result.stderr) == (1, True)
        assert (tmp_path / "policy.yaml").read_bytes() == content
    result = run("policy", "learn", "-", "-o", "none/shapes.yaml", stdin=line().encode())
    assert (result.exit_code, "none/shapes.yaml cannot be written" in result.stderr) == (2, True)
