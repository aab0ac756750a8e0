"""Every module of the pure floors has a test file of its own; every public function elsewhere is named by a test."""

from __future__ import annotations

import re

from tests.architecture.source import PROJECT, PURE, modules, own_tests, texts_of_tests


def test_every_pure_module_has_its_own_test_file() -> None:
    missing = [
        name
        for name, module in modules().items()
        if module.has_functions() and (not module.package or module.floor < PURE) and not own_tests(module)
    ]
    assert not missing, "\n".join(missing)


def test_every_public_function_above_is_named_by_a_test() -> None:
    words: set[str] = set()
    for text in texts_of_tests().values():
        words.update(re.findall(r"\w+", text))
    unnamed = [
        f"{module.path.relative_to(PROJECT)}: {name}"
        for module in modules().values()
        if module.package and module.floor >= PURE
        for name in module.public_functions()
        if name not in words
    ]
    assert not unnamed, "\n".join(unnamed)
