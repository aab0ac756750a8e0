"""What an answer of the control API must be before anything looks at it. Whatever listens at a path may say anything: an
answer is held to the type that its verb gives, and to bounds of size, so that what is shown can rely on it."""

from __future__ import annotations

import math
from typing import Any, Final, cast

import msgspec

from dbgate.control.messages import (
    AuditPage,
    CatalogInfo,
    ExplainAnswer,
    PolicyDiff,
    PolicyText,
    SessionList,
    StatementInfo,
)

MOST: Final = 64 << 20  # bytes of an answer that may be long
MOST_SHORT: Final = 4 << 20  # … of every other
# In an answer that is not typed to its last value: a byte of it may take 20 of memory
MOST_VALUES: Final = 2 << 20
DEEPEST: Final = 64  # levels of objects and lists
LARGEST: Final = 1 << 64  # a number beyond it is none of ours, and some cannot even be printed
_LONG: Final = (AuditPage, CatalogInfo, ExplainAnswer, PolicyDiff, PolicyText, SessionList)
_MOST_FOLDED: Final = 16  # statements that run statements that run …

Anything = dict[str, Any]  # an answer whose reader looks at its fields itself


class Strange(Exception):
    """It is no such answer; the message says why."""


class Lacking(Strange):
    """It is, but for a field that gateways of this version give."""


def most(kind: Any) -> int:
    """Bytes that an answer of this type may have."""
    return MOST if kind is Anything or kind in _LONG else MOST_SHORT


def decoded(content: bytes, kind: Any) -> Any:
    """The answer, as `kind`, a TypedDict of control.messages or Anything; Strange. Fields that it does not have are skipped:
    a later gateway may say more."""
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES and kind is not SessionList:
        raise Strange("its answer has too many values")
    try:
        found = msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise _unlike(error) from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Strange("its answer is not JSON, or has no sensible end") from None
    _bounded(found)
    if kind is ExplainAnswer:
        found["statements"] = [_statement(one) for one in found["statements"]]
    return found


def _unlike(error: msgspec.ValidationError) -> Strange:
    """Where it is not as its type has it."""
    words = str(error)
    if "missing required field" in words:
        return Lacking(words)
    return Strange(f"its answer is of another kind: {words}")


def _bounded(found: Any) -> None:
    """Strange where a number is absurd, or values stand too deep in each other."""
    level = [found]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for value in level:
            if type(value) is dict:
                below.extend(value.values())
            elif type(value) is list:
                below.extend(value)
            elif type(value) is int:
                if not -LARGEST < value < LARGEST:
                    raise Strange("its answer has a number beyond all bounds")
            elif type(value) is float and not (math.isfinite(value) and abs(value) < LARGEST):
                raise Strange("its answer has a number beyond all bounds")
        if not below:
            return
        level = below
    raise Strange("its answer is nested too deep")


def _statement(found: StatementInfo) -> StatementInfo:
    """Also what a dynamic statement was folded to is one, which its type cannot say."""
    at = found
    for _ in range(_MOST_FOLDED):
        if at["folded"] is None:
            return found
        try:
            inner = msgspec.convert(at["folded"], StatementInfo)
        except msgspec.ValidationError as error:
            raise _unlike(error) from None
        at["folded"] = cast("dict[str, Any]", inner)
        at = inner
    raise Strange("its answer is nested too deep")
