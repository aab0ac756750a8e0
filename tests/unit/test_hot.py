"""The list of hot modules, and what is said of the running ones."""

from __future__ import annotations

import importlib.util

import pytest

from dbgate import hot


def test_the_list_names_modules_that_exist_once_and_in_order() -> None:
    assert list(hot.HOT_MODULES) == sorted(set(hot.HOT_MODULES))
    assert all(importlib.util.find_spec(name) is not None for name in hot.HOT_MODULES)


@pytest.mark.parametrize(
    ("found", "said"),
    [((), "pure Python"), (hot.HOT_MODULES, "compiled"), (hot.HOT_MODULES[:2], "partly compiled (2 of ")],
)
def test_describe(monkeypatch: pytest.MonkeyPatch, found: tuple[str, ...], said: str) -> None:
    monkeypatch.setattr(hot, "compiled_modules", lambda: found)
    assert hot.describe().startswith(said)


def test_what_was_loaded_from_a_library_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(hot.HOT_MODULES[0])
    monkeypatch.setattr(module, "__file__", "/somewhere/module.cpython-311-x86_64-linux-gnu.so")
    assert hot.HOT_MODULES[0] in hot.compiled_modules()


def test_compiled_modules_are_told_by_their_files() -> None:
    assert set(hot.compiled_modules()) <= set(hot.HOT_MODULES)
