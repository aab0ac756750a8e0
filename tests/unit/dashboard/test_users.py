from __future__ import annotations

import os
from pathlib import Path

import pytest

from dbgate.dashboard import users as module
from dbgate.dashboard.users import HASHER as COSTLY
from dbgate.dashboard.users import Role, Users, parse, set_password
from dbgate.errors import ConfigError
from tests.rows import rows
from tests.shell.dashboard.pages import HASHER


def test_a_user_is_made_and_changed(tmp_path: Path) -> None:
    path = str(tmp_path / "users.yaml")
    assert set_password(path, "ada", "admin", "correct horse", HASHER)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert "correct horse" not in Path(path).read_text()
    users = Users(path, HASHER)
    found = users.check("ada", "correct horse")
    assert found is not None and found.role is Role.ADMIN
    assert users.check("ada", "wrong horse!") is None
    assert users.check("nobody", "correct horse") is None
    assert users.check("ada", "correct horse" + "x" * 2000) is None
    assert not set_password(path, "ada", "", "another horse", HASHER)
    assert users.check("ada", "correct horse") is None
    changed = users.check("ada", "another horse")
    assert changed is not None and changed.role is Role.ADMIN


def test_the_dashboard_can_still_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root sets a password in the file of the dashboard's own user."""
    path = str(tmp_path / "users.yaml")
    set_password(path, "ada", "admin", "correct horse", HASHER)
    os.chmod(path, 0o640)
    owners: list[tuple[int, int]] = []
    monkeypatch.setattr(module.os, "fchown", lambda fd, uid, gid: owners.append((uid, gid)))
    set_password(path, "ada", "", "another horse", HASHER)
    found = os.stat(path)
    assert found.st_mode & 0o777 == 0o640 and owners == [(found.st_uid, found.st_gid)]


def test_what_a_password_costs() -> None:
    assert COSTLY.hash("correct horse").startswith("$argon2id$v=19$m=65536,t=3,p=2$")


def test_a_removed_user_is_gone_at_once(tmp_path: Path) -> None:
    path = tmp_path / "users.yaml"
    set_password(str(path), "ada", "admin", "correct horse", HASHER)
    users = Users(str(path), HASHER)
    assert users.find("ada") is not None
    set_password(str(path), "vic", "viewer", "correct horse", HASHER)
    path.write_text("users: {}\n")
    assert users.find("ada") is None and users.trouble == ""
    path.write_text("users: [")
    assert users.find("ada") is None and "not YAML" in users.trouble
    path.unlink()
    assert users.find("ada") is None and users.trouble


@pytest.mark.parametrize(
    ("name", "role", "password", "says"),
    [
        ("ad a", "admin", "correct horse", "is no name"),
        ("ada", "admin", "short", "has 10 to 1024 characters"),
        ("ada", "", "correct horse", "give a --role"),
    ],
)
def test_what_cannot_be_set(tmp_path: Path, name: str, role: str, password: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        set_password(str(tmp_path / "users.yaml"), name, role, password, HASHER)
    assert not (tmp_path / "users.yaml").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        set_password(str(tmp_path / "no" / "users.yaml"), "ada", "admin", "correct horse", HASHER)
    with pytest.raises(ConfigError, match="dbgate-dashboard passwd"):
        Users(str(tmp_path / "users.yaml"), HASHER).load()


def test_others_may_not_write_it(tmp_path: Path) -> None:
    path = tmp_path / "users.yaml"
    set_password(str(path), "ada", "admin", "correct horse", HASHER)
    path.chmod(0o666)
    with pytest.raises(ConfigError, match="chmod 600"):
        Users(str(path), HASHER).load()


@rows(
    ("text", "says"),
    [
        ("", "expected `users:`"),
        ("users: {a: {role: admin, password: x}}", "argon2"),
        ("users: {a: {role: root, password: x}}", "expected a role"),
        ("users: {a: {role: admin}}", "expected {role"),
        ("users: {a: {role: [admin], password: x}}", "expected a role"),
        ("users: {a: {role: admin, password: 2026-13-45}}", "not YAML: month must be"),
        ("users: " + "[" * 5000, "not YAML"),
        ("users: {'a b': {role: admin, password: x}}", "expected a name"),
        ("users: {}\nmore: 1", "expected `users:`"),
    ],
)
def test_a_bad_file(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse(text, "users.yaml")
