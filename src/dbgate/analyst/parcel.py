"""Questions and answers as bytes: MessagePack arrays, whose types are checked where they are opened.

Both ends are the same release, and the process that answers is the worker's own child. Still nothing is unpickled: an
answer that is not one is a `ValueError`, and the statement is blocked.

A question is a head and the text behind it, so that a long text is not copied; an answer is one array.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from dbgate.sql.canonical import decoded
from dbgate.sql.charset import codec
from dbgate.sql.memory import Memory
from dbgate.sql.statement import Analysis, ColumnUses, Detection, LexContext, Need, RoutineRef, Statement

# Bytes of a text from which on it is not sent back where it is its own canonical text
_LONG: Final = 32 * 1024

_Need = tuple[int, str, str, str, bool]
_Pair = tuple[str, str]


class StatementParcel(msgspec.Struct, array_like=True, frozen=True):
    """sql.statement.Statement, field by field."""

    verb: str
    operations: tuple[str, ...]
    needs: tuple[_Need, ...]
    session: bool
    functions: tuple[_Pair, ...]
    calls: tuple[_Pair, ...]
    creates_routine: bool
    dynamic: str
    folded: StatementParcel | None
    unfiltered: tuple[str, ...]
    detections: tuple[_Pair, ...]
    session_state: str
    new_schema: str | None
    rereads: bool
    local_infile: bool
    identifiers: tuple[str, ...]
    canonical: str
    canonical_literals: str
    outline: tuple[str, ...]
    digest: str
    stand_ins: tuple[_Pair, ...]
    assigned: tuple[tuple[str, bytes | None], ...]
    target: str
    calm: bool
    new_charset: str
    columns: tuple[tuple[str, ...], bytes] | None


class MemoryParcel(msgspec.Struct, array_like=True, frozen=True):
    """sql.memory.Memory."""

    texts: dict[str, bytes]
    statements: dict[str, tuple[str, StatementParcel]]


class Head(msgspec.Struct, array_like=True, frozen=True):
    """A question without its text. ctx: the arguments of LexContext; the rest as in gate.question.Question."""

    ctx: tuple[int, int, str, bool, bool, bool, bool, bool, bool]
    schema: str
    prepared: bool
    literals: bool
    shapes: bool
    memory: MemoryParcel | None


class AnswerParcel(msgspec.Struct, array_like=True, frozen=True):
    """sql.statement.Analysis, field by field, and gate.question.Answer. canonical_literals: None = it is the text itself."""

    statements: tuple[StatementParcel, ...]
    error: str
    session_state: str
    masked: str
    digest: str
    canonical: str
    canonical_literals: str | None
    shared: bool
    folded: bool
    shown: str
    by_shape: bool


_ENCODER: Final = msgspec.msgpack.Encoder()
_HEAD: Final = msgspec.msgpack.Decoder(Head)
_ANSWER: Final = msgspec.msgpack.Decoder(AnswerParcel)


def pack_head(
    ctx: LexContext, schema: str, prepared: bool, literals: bool, shapes: bool, memory: Memory | None
) -> bytes:
    """The head of a question."""
    there: MemoryParcel | None = None
    if memory is not None:
        there = MemoryParcel(
            memory.texts, {name: (key, _pack(each)) for name, (key, each) in memory.statements.items()}
        )
    flags = (
        ctx.flavour,
        ctx.version,
        ctx.charset,
        ctx.ansi_quotes,
        ctx.no_backslash_escapes,
        ctx.ignore_space,
        ctx.pipes_as_concat,
        ctx.high_not_precedence,
        ctx.fold_names,
    )
    return _ENCODER.encode(Head(flags, schema, prepared, literals, shapes, there))


def open_head(data: bytes) -> Head:
    """ValueError where it is none."""
    return _HEAD.decode(data)


def open_memory(parcel: MemoryParcel | None) -> Memory | None:
    """What the session left on the server."""
    if parcel is None:
        return None
    memory = Memory()
    memory.texts.update(parcel.texts)
    for name, (key, statement) in parcel.statements.items():
        memory.statements[name] = (key, _open(statement))
    return memory


def pack_answer(analysis: Analysis, text: bytes, ctx: LexContext, shown: str, by_shape: bool) -> bytes:
    """An answer to the question about `text`. ValueError where it holds what has no form in bytes (a surrogate)."""
    literals: str | None = analysis.canonical_literals
    if len(text) > _LONG and literals == decoded(text, codec(ctx.charset)):
        literals = None
    return _ENCODER.encode(
        AnswerParcel(
            tuple([_pack(statement) for statement in analysis.statements]),
            analysis.error,
            analysis.session_state,
            analysis.masked,
            analysis.digest,
            analysis.canonical,
            literals,
            analysis.shared,
            analysis.folded,
            shown,
            by_shape,
        )
    )


def open_answer(data: bytes, text: bytes, ctx: LexContext) -> tuple[Analysis, str, bool]:
    """The analysis, the text for the log, and whether it was made of another text of the same shape. ValueError where
    the bytes are no answer."""
    parcel = _ANSWER.decode(data)
    literals = parcel.canonical_literals
    analysis = Analysis(
        tuple([_open(statement) for statement in parcel.statements]),
        parcel.error,
        parcel.session_state,
        parcel.masked,
        parcel.digest,
        parcel.canonical,
        decoded(text, codec(ctx.charset)) if literals is None else literals,
        parcel.shared,
        parcel.folded,
    )
    return analysis, parcel.shown, parcel.by_shape


def _pack(statement: Statement) -> StatementParcel:
    return StatementParcel(
        statement.verb,
        statement.operations,
        tuple(
            [(need.kind, need.operation, need.schema, need.table, need.written) for need in statement.needs]
        ),
        statement.session,
        _names(statement.functions),
        _names(statement.calls),
        statement.creates_routine,
        statement.dynamic,
        None if statement.folded is None else _pack(statement.folded),
        statement.unfiltered,
        tuple([(hit.detector, hit.reason) for hit in statement.detections]),
        statement.session_state,
        statement.new_schema,
        statement.rereads,
        statement.local_infile,
        statement.identifiers,
        statement.canonical,
        statement.canonical_literals,
        statement.outline,
        statement.digest,
        _names(statement.stand_ins),
        statement.assigned,
        statement.target,
        statement.calm,
        statement.new_charset,
        None if statement.columns is None else (statement.columns.names, statement.columns.shape),
    )


def _open(parcel: StatementParcel) -> Statement:
    return Statement(
        parcel.verb,
        parcel.operations,
        tuple([Need(*need) for need in parcel.needs]),
        parcel.session,
        tuple([RoutineRef(*name) for name in parcel.functions]),
        tuple([RoutineRef(*name) for name in parcel.calls]),
        parcel.creates_routine,
        parcel.dynamic,
        None if parcel.folded is None else _open(parcel.folded),
        parcel.unfiltered,
        tuple([Detection(*hit) for hit in parcel.detections]),
        parcel.session_state,
        parcel.new_schema,
        parcel.rereads,
        parcel.local_infile,
        parcel.identifiers,
        parcel.canonical,
        parcel.canonical_literals,
        parcel.outline,
        parcel.digest,
        tuple([RoutineRef(*name) for name in parcel.stand_ins]),
        parcel.assigned,
        parcel.target,
        parcel.calm,
        parcel.new_charset,
        None if parcel.columns is None else ColumnUses(*parcel.columns),
    )


def _names(routines: tuple[RoutineRef, ...]) -> tuple[_Pair, ...]:
    return tuple([(routine.schema, routine.name) for routine in routines])


def _holds(value: object) -> set[str]:
    """The names of a value's fields, compiled or not."""
    return {name for name in dir(value) if name[0] != "_" and not callable(getattr(value, name))}


def _check(value: object, carried: Iterable[str]) -> None:
    """A field that is left behind would change a verdict without a word: then nothing starts."""
    if _holds(value) != set(carried):
        raise TypeError(f"a parcel does not carry {type(value).__name__}: {_holds(value) ^ set(carried)}")


_check(Statement("", (), ()), StatementParcel.__struct_fields__)
_check(
    Analysis((), "", "", "", "", "", "", False),
    [name for name in AnswerParcel.__struct_fields__ if name not in ("shown", "by_shape")],
)
_check(Need(0, ""), ("kind", "operation", "schema", "table", "written"))
_check(RoutineRef("", ""), ("schema", "name"))
_check(Detection("", ""), ("detector", "reason"))
_check(ColumnUses((), b""), ("names", "shape"))
_check(Memory(), ("left", "texts", "statements"))
_check(
    LexContext(0, 0),
    (
        *("flavour", "version", "charset", "ansi_quotes", "no_backslash_escapes", "ignore_space"),
        *("pipes_as_concat", "high_not_precedence", "fold_names", "key"),
    ),
)
