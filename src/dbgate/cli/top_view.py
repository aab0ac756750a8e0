"""What `dbgate-cli top` shows, and what its keys do. No terminal here: bytes of keys in, something to print out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, cast

from dbgate.cli.options import DEFAULT_LOG
from dbgate.cli.top_digests import Hot, HotDigests
from dbgate.control.client import ControlClient, ControlError

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from dbgate.control.messages import SessionInfo
    from dbgate.stats.snapshot import Stats

_KEYS: Final[dict[str, str]] = {
    "queries": "queries",
    "blocked": "blocked",
    "user": "db_user",
    "state": "state",
}
SORTS: Final = (*_KEYS, "age")
_MOST_BLOCKS: Final = 5
_MOST_HOT: Final = 5
_UP: Final = (b"\x1b[A", b"\x1bOA", b"k")
_DOWN: Final = (b"\x1b[B", b"\x1bOB", b"j")
HELP: Final = "s sort  / filter by user  ↑↓ choose  x kill  r refresh  q quit"


class Screen:
    """client: of the gateway; user: the filter to begin with; audit_log: where blocks are read, None = the usual place.
    stale: a key asked for a new look."""

    def __init__(self, client: ControlClient, user: str, audit_log: str | None) -> None:
        self._client = client
        self._filter = user
        self._audit_log = audit_log
        self._typing: str | None = None  # what is typed behind /
        self._sort = 0
        self._chosen = ""  # the id of a session
        self._asked = ""  # … that is to be ended, after a y
        self._said = ""
        self._trouble = ""
        self._stats: Stats | None = None
        self._sessions: list[SessionInfo] = []
        self._blocks: list[dict[str, Any]] = []
        self._hot = HotDigests(audit_log or DEFAULT_LOG)
        self.stale = False

    def look(self) -> None:
        """Asks the gateway. The first time a ControlError goes through; later it is shown above the old numbers."""
        self.stale = False
        try:
            self._stats = self._client.stats()
            self._sessions = self._client.sessions()
            self._trouble = ""
        except ControlError as error:
            if self._stats is None:
                raise
            self._trouble = error.message
        self._blocks = newest_blocks(self._audit_log)
        self._hot.look(time.monotonic())

    def key(self, pressed: bytes) -> bool:
        """One key, as the terminal sent it; False: the end."""
        self._said = ""
        if self._typing is not None:
            self._type(pressed)
            return True
        if self._asked:
            session, self._asked = self._asked, ""
            if pressed == b"y":
                self._kill(session)
            return True
        if pressed in (b"q", b"\x03", b"\x04"):
            return False
        if pressed == b"s":
            self._sort = (self._sort + 1) % len(SORTS)
        elif pressed == b"/":
            self._typing = ""
        elif pressed == b"r":
            self.stale = True
        elif pressed in _UP:
            self._move(-1)
        elif pressed in _DOWN:
            self._move(1)
        elif pressed == b"x" and self._chosen:
            self._asked = self._chosen
        return True

    def _type(self, pressed: bytes) -> None:
        if pressed in (b"\r", b"\n"):
            self._filter, self._typing = self._typing or "", None
        elif pressed == b"\x1b":
            self._typing = None
        elif pressed in (b"\x7f", b"\x08"):
            self._typing = (self._typing or "")[:-1]
        else:
            text = pressed.decode("utf-8", "ignore")
            self._typing = (self._typing or "") + "".join(c for c in text if c.isprintable())

    def _move(self, by: int) -> None:
        ids = [info["session_id"] for info in self.sessions()]
        if ids:
            at = ids.index(self._chosen) + by if self._chosen in ids else 0
            self._chosen = ids[max(0, min(at, len(ids) - 1))]

    def _kill(self, session: str) -> None:
        try:
            self._said = f"session {session} is ended: {self._client.kill(session)['detail']}"
        except ControlError as error:
            self._said = error.message
        self.stale = True

    def sessions(self) -> list[SessionInfo]:
        """Those that are shown, in their order."""
        shown = [info for info in self._sessions if self._filter in str(info.get("db_user", ""))]
        name = SORTS[self._sort]
        if name == "age":
            return sorted(shown, key=lambda info: str(info.get("connected_at", "")))
        if name in ("queries", "blocked"):
            return sorted(shown, key=lambda info: -int(cast("dict[str, Any]", info).get(name, 0)))
        return sorted(shown, key=lambda info: str(cast("dict[str, Any]", info).get(_KEYS[name], "")))

    def render(self, height: int) -> Group:
        """The whole screen, for a terminal of so many lines."""
        from rich.console import Group

        from dbgate.cli import output as out

        data = cast("dict[str, Any]", self._stats or {})
        blocks: list[Any] = [_summary(data), self._status()]
        rest = height - 6
        if self._blocks:
            blocks += [out.heading("Newest blocks"), _block_table(self._blocks)]
            rest -= len(self._blocks) + 2
        hottest = self._hot.hottest(_MOST_HOT)
        if hottest:
            blocks += [out.heading("Hottest statements of the last minute"), _hot_table(hottest)]
            rest -= len(hottest) + 2
        blocks.append(self._session_table(max(3, rest - 2)))
        return Group(*blocks)

    def _status(self) -> Any:
        """The line below the numbers: what is wrong, what was done, what is asked, or the keys."""
        from dbgate.cli import output as out

        if self._trouble:
            return out.heading(f"OLD NUMBERS: {self._trouble}", "bold red")
        if self._typing is not None:
            return out.heading(f"user: {self._typing}_")
        if self._asked:
            return out.heading(f"end session {self._asked}? y / n", "bold yellow")
        kept = f"  (user {self._filter})" if self._filter else ""
        said = f"{self._said}   " if self._said else ""
        return out.heading(f"{said}sorted by {SORTS[self._sort]}{kept}   {HELP}", "dim")

    def _session_table(self, most: int) -> Table:
        from dbgate.cli import output as out

        shown = self.sessions()
        at = next((n for n, info in enumerate(shown) if info["session_id"] == self._chosen), 0)
        first = max(0, at - most + 1)
        made = out.table(
            ("", "SESSION", "USER", "FROM", "STATE", "AGE", "QUERIES", "BLOCKED"),
            numbers=("AGE", "QUERIES", "BLOCKED"),
            whole={"": 1, "SESSION": out.longest(info.get("session_id", "") for info in shown), "QUERIES": 7},
        )
        for info in shown[first : first + most]:
            chosen = info["session_id"] == self._chosen
            style = "reverse" if chosen else ""
            blocked = int(info.get("blocked", 0))
            made.add_row(
                out.cell(">" if chosen else ""),
                out.cell(info.get("session_id", ""), style),
                out.cell(info.get("db_user", ""), style),
                out.cell(f"{info.get('client_ip', '')}:{info.get('client_port', '')}", style),
                out.cell(info.get("state", ""), style),
                out.cell(_age(info), style),
                out.cell(out.count(int(info.get("queries", 0))), style),
                out.cell(out.count(blocked), "bold red" if blocked else style),
            )
        return made


def _age(info: SessionInfo) -> str:
    from dbgate.cli import output as out

    since = out.moment(str(info.get("connected_at", "")))
    return "-" if since is None else out.age(time.time() - since)


def _summary(data: dict[str, Any]) -> Any:
    from dbgate.cli import output as out

    num = out.number
    policy = data.get("policy") or {}
    text = out.heading("")
    for name, value, style in (
        ("queries", f"{float(data.get('qps') or 0):,.1f}/s", "bold"),
        (
            "blocked",
            f"{float(data.get('block_rate') or 0):.2%}",
            "bold red" if num(data, "blocked_queries") else "bold",
        ),
        ("p50", out.micros(num(data, "latency_us", "p50")), "bold"),
        ("p99", out.micros(num(data, "latency_us", "p99")), "bold"),
        ("sessions", out.count(num(data, "active_sessions")), "bold"),
        (
            "policy",
            out.one_line(f"{policy.get('number', '')} {policy.get('version', '')}".strip() or "-"),
            "bold",
        ),
    ):
        text.append(f"{name} ", style="dim")
        text.append(f"{value}   ", style=style)
    return text


def _block_table(blocks: list[dict[str, Any]]) -> Table:
    from dbgate.cli import output as out

    made = out.table(("TIME", "USER", "FROM", "RULE", "STATEMENT"), whole={"TIME": 8})
    for record in blocks:
        made.add_row(
            out.cell(str(record.get("time", ""))[11:19]),
            out.cell(record.get("db_user", "")),
            out.cell(record.get("client_ip", "")),
            out.cell(record.get("rule", ""), "red"),
            out.cell(record.get("statement", "")),
        )
    return made


def _hot_table(hottest: list[Hot]) -> Table:
    from dbgate.cli import output as out

    made = out.table(
        ("DIGEST", "COUNT", "TIME", "EACH", "STATEMENT"),
        numbers=("COUNT", "TIME", "EACH"),
        whole={"DIGEST": 12},
    )
    for hot in hottest:
        made.add_row(
            out.cell(hot.digest[:12]),
            out.cell(out.count(hot.count)),
            out.cell(out.micros(hot.spent_us)),
            out.cell(out.micros(hot.spent_us // max(1, hot.count))),
            out.cell(hot.statement),
        )
    return made


def newest_blocks(path: str | None, count: int = _MOST_BLOCKS) -> list[dict[str, Any]]:
    """The newest blocked statements in the audit log, newest first; none where it cannot be read."""
    from dbgate.cli.audit_tail import newest

    try:
        with open(path or DEFAULT_LOG, "rb") as log:
            found = newest(log, count, lambda record: record.get("decision") == "block", most=_MOST_READ)
    except OSError:
        return []
    return found[::-1]


_MOST_READ: Final = 1 << 20  # bytes from the end of the log: it is read at each look
