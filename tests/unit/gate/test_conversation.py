"""A conversation by itself says nothing: each word is its subclass's."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from dbgate.gate.conversation import Conversation
from dbgate.gate.session import Gate

VALUES: dict[str, Any] = {
    "data": b"",
    "now": 0.0,
    "errno": 1,
    "sqlstate": "HY000",
    "message": "",
    "number": 1,
    "subject": "",
    "why": "",
}


def test_every_word_is_the_gates_own() -> None:
    words = [name for name in vars(Conversation) if not name.startswith("_")]
    assert len(words) == 14
    for name in words:
        assert getattr(Gate, name) is not getattr(Conversation, name)
        arguments = [VALUES[each] for each in list(inspect.signature(getattr(Gate, name)).parameters)[1:]]
        with pytest.raises(NotImplementedError):
            getattr(Conversation(), name)(*arguments)
