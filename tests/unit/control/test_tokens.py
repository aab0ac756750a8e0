from __future__ import annotations

import os
from pathlib import Path

import pytest

from dbgate.control.peer import Relation
from dbgate.control.tokens import OPERATOR, VIEWER, Tokens, make, parse
from dbgate.errors import ConfigError


def test_a_token_is_found_by_its_hash_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    looks, first = make("looks", VIEWER)
    acts, second = make("acts", OPERATOR)
    assert looks != acts and looks not in first
    path.write_text(f"# who may\n\n{first}\n  {second}\n")
    tokens = Tokens(str(path))
    tokens.load()
    viewer, operator = tokens.find(f"Bearer {looks}"), tokens.find(f"bearer  {acts}")
    assert viewer is not None and operator is not None
    assert viewer.relation(0, 0) is Relation.LOOKING and operator.relation(0, 0) is Relation.ACTING
    assert (viewer.author, operator.acting_for("ada").author) == ("token looks", "ada via token acts")
    for header in (
        "",
        looks,
        f"Basic {looks}",
        f"Bearer {looks}x",
        f"Bearer {looks[:-1]}",
        "Bearer " + "ä" * 50,
    ):
        assert tokens.find(header) is None


def test_a_change_of_the_file_is_in_force_at_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    (one, first), (two, second) = make("one", VIEWER), make("two", VIEWER)
    path.write_text(first)
    tokens = Tokens(str(path))
    assert tokens.find(f"Bearer {one}") is not None
    path.write_text(second)
    os.utime(path, ns=(1, 1))
    assert tokens.find(f"Bearer {one}") is None
    assert tokens.find(f"Bearer {two}") is not None
    path.write_text("nonsense")
    for _ in range(2):  # a file that is wrong opens nothing, and stays wrong
        with pytest.raises(ConfigError):
            tokens.find(f"Bearer {two}")
    path.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        tokens.find(f"Bearer {two}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one viewer", ":1: expected NAME"),
        ("# x\none admin " + "0" * 64, ":2: expected NAME"),
        ("o:ne viewer " + "0" * 64, "expected NAME"),
        ("one viewer " + "G" * 64, "expected NAME"),
        ("one viewer " + "0" * 64 + "\ntwo viewer " + "0" * 64, ":2: this name or this token is there twice"),
        ("one viewer " + "0" * 64 + "\none viewer " + "1" * 64, ":2: this name"),
    ],
)
def test_lines_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(text, "tokens")


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    with pytest.raises(ConfigError, match="cannot be read"):
        Tokens(str(path)).load()
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        Tokens(str(path)).load()
    path.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match="too large"):
        Tokens(str(path)).load()
