"""What would the gateway do with a statement, and why: asked over the control API, judged here in the supervisor.

By what the workers judge by: the policy and the catalog that they were given, and how the server reads a text, as a session
of theirs has found it. In a thread, one at a time: a long statement takes seconds, and costs no session anything.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dbgate.control.api import NotAsked
from dbgate.control.explained import as_json, mode_words, server_words, time_words
from dbgate.control.messages import ExplainAnswer, ExplainBody
from dbgate.errors import ProtocolError
from dbgate.gateway.probe import look
from dbgate.policy.evaluate import find_entry
from dbgate.policy.explain import explain
from dbgate.policy.rejudge import doubts
from dbgate.policy.verdict import BLOCK, Verdict
from dbgate.sql.analyze import analyze
from dbgate.sql.catalog import Catalog, known_columns, reached
from dbgate.sql.catalog_text import parse as parse_catalog
from dbgate.sql.charset import charset_followed
from dbgate.sql.sqlmode import parse_sql_mode
from dbgate.sql.statement import MARIADB, MYSQL, Analysis, Detection, LexContext
from dbgate.wire.handshake import parse_greeting
from dbgate.workers.messages import Reading

if TYPE_CHECKING:
    from dbgate.policy.compiled import CompiledPolicy
    from dbgate.workers.supervisor import Supervisor

PROBE_SECONDS: Final = 3.0
_UTF8: Final = ("utf8", "utf8mb3", "utf8mb4")
RATE: Final = "its rate_limit is not asked: that depends on what else this user sends"
DYNAMIC: Final = "the text that it runs is known in its own session only, which may judge it otherwise"


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything that the answer depends on but policy and catalog. unfollowed: as in gate.state."""

    text: bytes
    ctx: LexContext
    unfollowed: str
    user: str
    source: str
    schema: str
    tls: bool
    subject: str | None
    prepared: bool
    masked: bool
    detections: tuple[str, ...] | None
    wall: float
    assumed: tuple[str, ...]


class Explainer:
    """supervisor: of this instance."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._lock = asyncio.Lock()
        self._catalog_text: str | None = None
        self._catalog: Catalog | None = None

    async def explain(self, asked: ExplainBody) -> ExplainAnswer | None:
        """None where the session is not open; NotAsked where the question makes no sense."""
        _check(asked)
        reading = await self._supervisor.crew.reading(asked.session_id or "")
        if reading is None and asked.session_id:
            return None
        assumed: tuple[str, ...] = ()
        if reading is None:
            reading, assumed = await self._greeted()
        question = _question(asked, reading, assumed)
        async with self._lock:
            return await asyncio.to_thread(self._judge, question)

    async def _greeted(self) -> tuple[Reading, tuple[str, ...]]:
        """Nobody has logged in yet: the server's greeting tells what it is, and the rest is a guess."""
        assumed = ["sql_mode"]
        mariadb, version = True, 0
        why, payload = await look(self._supervisor.settings.upstream, PROBE_SECONDS)
        try:
            if why:
                raise ProtocolError(why)
            greeting = parse_greeting(payload)
            mariadb, version = greeting.mariadb, greeting.version
        except ProtocolError:
            version = 101100
            assumed.append("server")
        fold = self._supervisor.catalogs.folded
        if fold is None:
            assumed.append("fold_names")
        flavour = MARIADB if mariadb else MYSQL
        reading = Reading(0, True, flavour=flavour, version=version, charset="utf8mb4", fold_names=bool(fold))
        return reading, tuple(assumed)

    def _judge(self, asked: _Question) -> ExplainAnswer:
        """In a thread."""
        supervisor = self._supervisor
        live = supervisor.policies.live
        policy = live.policy if live is not None else None
        text = supervisor.catalogs.text
        if text is not self._catalog_text:
            self._catalog = parse_catalog(text) if text is not None else None
            self._catalog_text = text
        refused: Verdict | None = None
        if len(asked.text) >= supervisor.settings.max_statement:  # with the byte of its command it is over
            refused = _refusal("statement-size", f"{len(asked.text) + 1} bytes are over the limit")
            analysis = Analysis((), "", "", "", "", "", "", False)
        else:
            schema = asked.schema.lower() if asked.ctx.fold_names else asked.schema
            analysis = analyze(asked.text, asked.ctx, schema, asked.prepared)
        if asked.unfollowed:
            refused = _refusal("session-state", asked.unfollowed)
        if asked.detections is not None:
            _put_detections(analysis, asked.detections)
        behind = reached(self._catalog, analysis)
        found = explain(
            policy,
            asked.user,
            asked.source,
            analysis,
            asked.wall,
            behind=behind,
            tls=asked.tls,
            subject=asked.subject if asked.tls else "",
            refused=refused,
            columns=known_columns(self._catalog, analysis),
        )
        ctx = asked.ctx
        return as_json(
            found,
            analysis,
            {
                "user": asked.user,
                "source": asked.source,
                "schema": asked.schema,
                "at": time_words(asked.wall),
                "server": server_words(ctx),
                "charset": ctx.charset,
                "sql_mode": mode_words(ctx),
                "prepared": asked.prepared,
                "tls": asked.tls,
                "cert_subject": asked.subject,
                "fold_names": ctx.fold_names,
                "assumed": list(asked.assumed),
            },
            {
                "file": supervisor.policies.path,
                "version": policy.version if policy is not None else "",
                "catalog": supervisor.catalogs.words(),
            },
            behind,
            tuple(_notes(policy, asked, analysis)),
        )


def _check(asked: ExplainBody) -> None:
    if (asked.sql is None) == (asked.sql_base64 is None):
        raise NotAsked("give one of sql and sql_base64")
    if asked.user is None and not asked.session_id:
        raise NotAsked("give the user who sends it, or the session_id of an open session")
    if asked.source is not None:
        try:
            ipaddress.ip_address(asked.source)
        except ValueError:
            raise NotAsked("source is no IP address such as 10.0.0.7 or fd00::7") from None
    for text in (asked.user, asked.schema, asked.cert_subject, asked.charset, asked.sql_mode):
        if text is not None and "\0" in text:
            raise NotAsked("a NUL is in no name")


def _question(asked: ExplainBody, reading: Reading, assumed: tuple[str, ...]) -> _Question:
    of_session = bool(asked.session_id)
    charset = (asked.charset or (reading.charset if of_session else "utf8mb4")).lower()
    unfollowed = reading.unfollowed
    if asked.charset is not None or asked.sql_mode is not None:
        unfollowed = ""
    if not charset_followed(charset):
        unfollowed = f"character set {charset} cannot be followed"
    if asked.sql_mode is not None:
        modes = parse_sql_mode(asked.sql_mode)
        unfollowed = unfollowed or modes.refused
        assumed = tuple(name for name in assumed if name != "sql_mode")
        ctx = LexContext(
            reading.flavour,
            reading.version,
            charset,
            modes.ansi_quotes,
            modes.no_backslash_escapes,
            modes.ignore_space,
            modes.pipes_as_concat,
            modes.high_not_precedence,
            reading.fold_names,
        )
    else:
        ctx = LexContext(
            reading.flavour,
            reading.version,
            charset,
            reading.ansi_quotes,
            reading.no_backslash_escapes,
            reading.ignore_space,
            reading.pipes_as_concat,
            reading.high_not_precedence,
            reading.fold_names,
        )
    subject = asked.cert_subject
    if subject is None and of_session:
        subject = reading.cert_subject
    tls = asked.tls if asked.tls is not None else reading.tls if of_session else True
    return _Question(
        text=_text(asked, charset),
        ctx=ctx,
        unfollowed=unfollowed,
        user=reading.user if asked.user is None else asked.user,
        source=_source(asked, reading),
        schema=reading.schema if asked.schema is None else asked.schema,
        tls=tls,
        subject=subject if tls else "",
        prepared=asked.prepared or asked.masked,
        masked=asked.masked,
        detections=tuple(asked.detections) if asked.detections is not None else None,
        wall=time.time() if asked.at is None else asked.at,
        assumed=assumed,
    )


def _source(asked: ExplainBody, reading: Reading) -> str:
    """As the gateway writes addresses."""
    if asked.source is None:
        return reading.client_ip or "127.0.0.1"
    address = ipaddress.ip_address(asked.source)
    return str(getattr(address, "ipv4_mapped", None) or address)


def _text(asked: ExplainBody, charset: str) -> bytes:
    """The statement's bytes, as the client sends them."""
    if asked.sql is None:
        try:
            return base64.b64decode(asked.sql_base64 or "", validate=True)
        except (binascii.Error, ValueError):
            raise NotAsked("sql_base64 is no base64") from None
    codec = "utf-8" if charset in _UTF8 else "cp1252" if charset == "latin1" else "utf-8"
    try:
        return asked.sql.encode(codec)
    except UnicodeEncodeError:
        raise NotAsked(
            f"sql has characters that are not in {charset}: send its bytes as sql_base64"
        ) from None


def _refusal(rule: str, reason: str) -> Verdict:
    return Verdict(BLOCK, rule, 0, reason, "enforce", "", 2)


def _put_detections(analysis: Analysis, names: tuple[str, ...]) -> None:
    found = tuple(Detection(name, "recorded") for name in names)
    for number, unit in enumerate(analysis.statements):
        unit.detections = found if number == 0 else ()
        if unit.folded is not None:
            unit.folded.detections = ()


def _notes(policy: CompiledPolicy | None, asked: _Question, analysis: Analysis) -> list[str]:
    notes: list[str] = []
    entry = find_entry(policy, asked.user, asked.source)
    if entry is not None and entry.rate > 0:
        notes.append(RATE)
    if any(unit.dynamic and unit.folded is None for unit in analysis.statements):
        notes.append(DYNAMIC)
    if policy is not None and asked.masked:
        notes += sorted(set(doubts(policy, analysis, asked.text.decode("utf-8", "replace")).values()))
    return notes
