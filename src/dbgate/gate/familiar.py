"""What a worker knows again of the sessions that came before: the server's greeting, logins, answers to the question
about the session's state. Each is told by its bytes, so that it need not be read again; nothing here decides by itself.

A login is remembered when the server has said OK to it, an answer when it was read: nobody else fills this.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.audit.record import Why
from dbgate.gate.judged import why_of
from dbgate.policy.compiled import CompiledEntry
from dbgate.policy.verdict import Verdict
from dbgate.sql.statement import LexContext
from dbgate.wire.mould import Mould
from dbgate.wire.response import Reply

MOST: Final = 256  # of each kind; then all are forgotten, and those in use come again
LONGEST: Final = 4096  # bytes of one; real ones are below 1 KiB
LONGEST_REASON: Final = 100  # characters; those of every day have some twenty


@final
class Named:
    """Whom a login names, and what is said about it. user, schema: as they are read in `charset`, None = they cannot
    be; shown, shown_schema: the same for the log; followed: whether the lexer follows that character set.

    Of a HandshakeResponse also: asked, its capabilities; offered, what they were held to; capabilities, what is left;
    head: how it begins where the server is told of the capabilities `sent`.
    For keeping, what was last decided: entry, verdict, and what that depended on (`judged`).
    """

    def __init__(
        self,
        user: str | None,
        schema: str | None,
        shown: str,
        shown_schema: str,
        charset: str,
        followed: bool,
        plugin: str,
    ) -> None:
        self.user = user
        self.schema = schema
        self.shown = shown
        self.shown_schema = shown_schema
        self.charset = charset
        self.followed = followed
        self.plugin = plugin
        self.asked = 0
        self.offered = 0
        self.capabilities = 0
        self.sent = -1
        self.head = b""
        self.entry: CompiledEntry | None = None
        self.verdict: Verdict | None = None
        self._why: Why | None = None
        self._why_of: Verdict | None = None
        self._epoch = 0
        self._client_ip = ""
        self._folded = False
        self._mariadb = False

    def judged(
        self,
        entry: CompiledEntry,
        verdict: Verdict,
        epoch: int,
        client_ip: str,
        folded: bool,
        mariadb: bool,
    ) -> None:
        """Keep a verdict that holds at any time of day, for connections without TLS."""
        self.entry = entry
        self.verdict = verdict
        self._epoch = epoch
        self._client_ip = client_ip
        self._folded = folded
        self._mariadb = mariadb

    def why_for(self, verdict: Verdict, version: str) -> Why:
        """The part of a record that is this verdict's, under the policy of this version."""
        why = self._why
        if why is None or self._why_of is not verdict or why.policy_version != version:
            why = why_of(verdict, version)
            self._why = why
            self._why_of = verdict
        return why

    def of(self, epoch: int) -> bool:
        """Whether what is kept of it is of this epoch, if anything is."""
        return self.entry is None or self._epoch == epoch

    def known(self, epoch: int, client_ip: str, folded: bool, mariadb: bool) -> Verdict | None:
        """The verdict, where nothing that it depended on has changed."""
        if (
            self._epoch != epoch
            or self._folded != folded
            or self._mariadb != mariadb
            or self._client_ip != client_ip
        ):
            return None
        return self.verdict


@final
class Surroundings:
    """The session's state as an answer of the server tells it. capabilities: under which its bytes were read;
    unfollowed: why the lexer does not follow it, "" = it does."""

    def __init__(self, capabilities: int, status: int, schema: str, ctx: LexContext, unfollowed: str) -> None:
        self.capabilities = capabilities
        self.status = status
        self.schema = schema
        self.ctx = ctx
        self.unfollowed = unfollowed


@final
class Familiar:
    """One a worker. mould: of the latest greeting that had to be read; silent: the reply of a session that has asked
    for nothing yet, to which nothing is ever fed."""

    def __init__(self) -> None:
        self.silent = Reply(0)
        # Status flags, by the payload of a login's OK that has session tracking.
        self.oks: dict[bytes, int] = {}
        self._partings: dict[str, Why] = {}
        self.mould: Mould | None = None
        self.logins: dict[bytes, Named] = {}  # by wire.mould.without_auth
        self.schemas: dict[str, Verdict] = {}  # on the schemas that logins name, for policy.login
        self.answers: dict[bytes, Surroundings] = {}  # by the chunk that was the whole answer

    def keep_login(self, key: bytes, who: Named, epoch: int) -> None:
        """The server has let this login in, in this epoch. What an older policy says of it is not kept."""
        if 0 < len(key) <= LONGEST and who.of(epoch):
            if len(self.logins) >= MOST:
                self.logins.clear()
            self.logins[key] = who

    def keep_answer(self, chunk: bytes, told: Surroundings) -> None:
        """This chunk was an answer from its first byte to its last."""
        if 0 < len(chunk) <= LONGEST:
            if len(self.answers) >= MOST:
                self.answers.clear()
            self.answers[chunk] = told

    def keep_ok(self, payload: bytes, status: int) -> None:
        """This OK was read, its session tracking too."""
        if len(payload) <= LONGEST:
            if len(self.oks) >= MOST:
                self.oks.clear()
            self.oks[payload] = status

    def parting(self, reason: str) -> Why:
        """The part of a session's last record that says why it ended."""
        why = self._partings.get(reason)
        if why is None:
            why = Why("", "", 0, reason)
            if len(reason) <= LONGEST_REASON:
                if len(self._partings) >= MOST:
                    self._partings.clear()
                self._partings[reason] = why
        return why

    def forget(self) -> None:
        """There is another policy: what was decided by the old one is let go."""
        self.logins.clear()
        self.schemas = {}
