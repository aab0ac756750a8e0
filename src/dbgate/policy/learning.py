"""What a user was seen to do → the shapes that the user is known to send."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

from dbgate.policy.fields import DETECTORS
from dbgate.policy.learned import keeps_session
from dbgate.policy.operations import OPERATIONS
from dbgate.policy.shapefile import DIGEST, Shape, ShapeFile
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, MYSQL, Analysis, LexContext

_SHOWN: Final = 1_000  # characters of a statement that the file keeps: it is for reading
# The log does not say how the server split the text. One of these splits what is left of it in the same way.
_CONTEXTS: Final = (
    LexContext(MARIADB, 101100),
    LexContext(MARIADB, 101100, ansi_quotes=True),
    LexContext(MYSQL, 80400),
    LexContext(MYSQL, 80400, ansi_quotes=True),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One record of the log: fields as audit.md has them. schema: the session's current one."""

    user: str
    shape: str
    statement: str
    schema: str
    operations: Iterable[str]
    tables: Iterable[str]
    detections: Iterable[str]


@final
class Learner:
    """Adds what was seen to `file`. added: how many shapes are new in it; suspects: what was left out, because an
    injection detector hit it, by (user, shape). with_detected: it is learned all the same, with its detectors."""

    def __init__(self, file: ShapeFile, with_detected: bool = False) -> None:
        self.file = file
        self.added = 0
        self.suspects: dict[tuple[str, str], Seen] = {}
        self._with_detected = with_detected
        self._session: set[str] = set()  # shapes that need not be learned

    def add(self, seen: Seen) -> None:
        """One statement that the server ran. A shape that is known takes what is new of tables and operations."""
        if seen.shape in self._session or not DIGEST.fullmatch(seen.shape):
            return
        detections = set(seen.detections)
        shapes = self.file.users.get(seen.user, {})
        known = shapes.get(seen.shape)
        if known is not None and detections <= known.detectors:
            known.operations.update(set(seen.operations) & set(OPERATIONS))
            known.tables.update(seen.tables)
            return
        if detections and not self._with_detected:
            self.suspects.setdefault((seen.user, seen.shape), seen)
            return
        if known is None:
            known = self._learn(seen)
        if known is not None:
            known.detectors.update(detections & set(DETECTORS))

    def _learn(self, seen: Seen) -> Shape | None:
        analysis, certain = _read(seen)
        if certain and keeps_session(analysis.statements):
            self._session.add(seen.shape)
            return None
        shape = Shape(
            seen.shape,
            _shortened(analysis.masked),
            set(seen.operations) & set(OPERATIONS),
            set(seen.tables),
            {name for unit in analysis.statements for name in unit.identifiers} if certain else set(),
        )
        self.file.users.setdefault(seen.user, {})[seen.shape] = shape
        self.added += 1
        return shape


def _read(seen: Seen) -> tuple[Analysis, bool]:
    """The statement of the log analysed again, and whether that is certainly the one which the server got: with `?` for
    its literals it has the same digest. Masked again, should the log have kept its literals."""
    text = seen.statement.encode("utf-8", "backslashreplace")
    first: Analysis | None = None
    for context in _CONTEXTS:
        analysis = analyze(text, context, seen.schema)
        if analysis.digest == seen.shape and not analysis.error:
            return analysis, True
        first = first or analysis
    assert first is not None  # noqa: S101 - there are contexts
    return first, False


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " …"
