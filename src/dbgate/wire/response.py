"""Where the reply to one command ends, found by walking packet headers over the chunks as they come.

Rows are only counted, never assembled. What must be read (OK, EOF, ERR, a result's first packet, column definitions
where names are wanted) is held until it is complete; the rest of a chunk is passed on as it came. A row that begins
with 0xFE is told from an EOF by its length (page_protocol_com_query_response in the manual).
A result is OK, ERR, LOCAL INFILE request, or column count + definitions (+ EOF) + rows + EOF or OK. MariaDB: with
CACHE_METADATA one byte behind the count says whether definitions follow; an ERR 0xFFFF is a progress report.
"""

from __future__ import annotations

from typing import Final, final

from dbgate.errors import ProtocolError
from dbgate.wire.constants import (
    CLIENT_DEPRECATE_EOF,
    EOF_HEADER,
    ERR_HEADER,
    HEADER,
    LOCAL_INFILE_HEADER,
    MARIADB_CACHE_METADATA,
    MARIADB_PROGRESS,
    MAX_PAYLOAD,
    OK_HEADER,
    PROGRESS_ERRNO,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_STATUS_CURSOR_EXISTS,
    SERVER_STATUS_DB_DROPPED,
)
from dbgate.wire.files import names_file
from dbgate.wire.kinds import PREPARE, RESULT, ROWS, SIMPLE, TEXT
from dbgate.wire.rows import count_rows
from dbgate.wire.status import column_name, columns, parse_eof, parse_err, parse_ok, parse_prepared, plain_ok

# What the next packet is.
_FIRST: Final = 0
_ROWS: Final = 1
_NAMES: Final = 2  # column definitions that are read
_COLUMNS_EOF: Final = 3
_PARAMETERS_EOF: Final = 4
_COLUMNS: Final = 5  # from here on definitions that are only counted
_PARAMETERS: Final = 6

MAX_CONTROL: Final = 1 << 22  # bytes of one held packet; real ones are below 64 KiB
_ANY: Final = 1 << 60
_OLD_EOF: Final = 5  # payload of an EOF packet of the old form; an OK has at least 7


@final
class Reply:
    """Follows the replies of one server connection, one command at a time: `begin`, then `feed` until `done`.

    Behind `begin`, `watch` and `expect` say what is special of this one. At the end: rows (passed on), affected_rows,
    warnings, status (of the last OK or EOF), error_code, moved and schema (session tracking), over (the cap was
    passed), names (or head: the definitions that have them), kept, statement_id (PREPARE), cursor. cut: the reply was
    stopped in front of the row with number `seq`; send an ERR there, set `swallow`, and feed the rest: `swallowed`
    counts its bytes. infile: the server awaits a file, whose first packet must have number `seq`; call `resume` behind
    its last. special: not an ordinary reply."""

    def __init__(self, capabilities: int) -> None:
        self.capabilities = capabilities
        self.old_eof = not capabilities & CLIENT_DEPRECATE_EOF
        self.cached = capabilities & MARIADB_CACHE_METADATA != 0
        # What begins with 0xFE ends the rows where it is shorter: a row with such a value is 16 MiB long.
        self._end_below = 9 if self.old_eof else MAX_PAYLOAD
        self.kind = RESULT
        self.seq = 1
        self.fresh = False  # of the common kind, and nothing of it has come yet
        self.done = True
        self.rows = self.affected_rows = self.warnings = self.status = self.error_code = self.size = 0
        self.special = True
        self._state = _FIRST
        self._skip = 0  # bytes of a passed packet that are still to come
        self._more = False  # the next packet continues a logical one of 16 MiB or more
        self._held = b""  # the beginning of a packet that must be read whole
        self._need = 0  # bytes that _held must have
        self._left = 0  # definitions that are still to come
        self._columns = 0  # of a prepared statement
        self._set_rows = 0  # rows of this result set
        self._clean()

    def _clean(self) -> None:
        """Everything that an ordinary reply never touches."""
        self.special = False
        self.cap = -1
        self.counted = 0
        self.enforced = False
        self.names_wanted = False
        self.names_only = False
        self.head = b""
        self.file_text: bytes | None = None
        self.cursor_asked = False
        self.keep_rows = False
        self.moved = False
        self.schema: bytes | None = None
        self.over = False
        self.cut = False
        self.swallow = False
        self.swallowed = 0
        self.infile = False
        self.cursor = False
        self.statement_id = -1
        self.names: list[bytes] = []
        self.kept: list[bytes] = []

    def begin(self, kind: int, seq: int) -> None:
        """A command was sent whose reply is of this kind; `seq` is its last sequence number + 1."""
        if self.special:
            self._clean()
        self.kind = kind
        self.seq = seq & 0xFF
        self.fresh = kind == RESULT and seq == 1
        self.done = False
        self.rows = self.affected_rows = self.warnings = self.error_code = self.size = 0
        self.cap = -1
        self._set_rows = 0
        self._state = _ROWS if kind == ROWS else _FIRST

    def watch(self, cap: int, counted: int, enforced: bool, names_wanted: bool) -> None:
        """cap: rows allowed per result set, -1 = no limit, of which `counted` were given before (cursors); enforced:
        cut there, else only mark; names_wanted: collect the names of result columns."""
        self.cap = cap
        self.counted = counted
        self.enforced = enforced
        if names_wanted:
            self.names_only = not self.special
            self.special = self.names_wanted = True

    def expect(self, infile: bool, cursor: bool, keep_rows: bool, text: bytes = b"") -> None:
        """infile: a file may be asked for, if `text` names it; cursor: one was asked for; keep_rows: fill `kept`."""
        self.special = True
        self.names_only = False
        self.file_text = text if infile else None
        self.cursor_asked = cursor
        self.keep_rows = keep_rows

    def resume(self, seq: int) -> None:
        """The client's file has ended; the reply goes on with number `seq`."""
        self.infile = False
        self.seq = seq & 0xFF

    def boundary(self) -> bool:
        """Whether what was passed on ends at the end of a packet."""
        return self._skip == 0 and not self._more

    def feed(self, data: bytes, pos: int, out: list[bytes]) -> int:
        """Walk data[pos:] and append what is to be passed on to `out`. Returns where it stopped: the end of `data`,
        unless the reply is `done`, `cut` or awaits a file there."""
        have = len(data)
        start = pos
        self.fresh = False
        while pos < have:
            if self._skip:
                if have - pos < self._skip:
                    self._skip -= have - pos
                    pos = have
                    break
                pos += self._skip
                self._skip = 0
            elif self._held:
                take = min(self._need - len(self._held), have - pos)
                self._held += data[pos : pos + take]
                pos += take
                start = pos
                if len(self._held) < self._need:
                    return pos
                self._need = 0
                whole = self._held
                if self._walk(whole, 0) == 0 and (self._need or (self.cut and not self.swallow)):
                    if not self._need:
                        self._need = len(whole)
                        return pos
                    continue
                self._held = b""
                self._pass(whole, 0, len(whole), out)
                if self.done or self.infile:
                    return pos
            else:
                pos = self._walk(data, pos)
                if self._need:
                    self._pass(data, start, pos, out)
                    self._held = data[pos:]
                    return have
                if self.done or self.infile or (self.cut and not self.swallow):
                    break
        self._pass(data, start, pos, out)
        return pos

    def _pass(self, data: bytes, start: int, stop: int, out: list[bytes]) -> None:
        if stop == start:
            return
        self.size += stop - start
        if self.swallow:
            self.swallowed += stop - start
        elif stop - start == len(data):
            out.append(data)
        else:
            out.append(data[start:stop])

    def _walk(self, data: bytes, pos: int) -> int:
        """Take packets from `pos` on. Returns the place behind the last one taken (or the end of `data`, with _skip
        set); _need is set where a packet at that place must be read whole and is not there yet."""
        have = len(data)
        while pos < have:
            if have - pos < HEADER:
                self._need = HEADER
                return pos
            length = data[pos] | data[pos + 1] << 8 | data[pos + 2] << 16
            if data[pos + 3] != self.seq:
                raise ProtocolError(f"server sent packet number {data[pos + 3]} where {self.seq} was due")
            stop = pos + HEADER + length
            if self._more:
                self._more = length == MAX_PAYLOAD
            elif self._state == _ROWS:
                if not self.keep_rows and not self.cut:
                    pos, rows = self._plain_rows(data, pos)
                    if rows:
                        continue
                if length == 0:
                    raise ProtocolError("row without bytes")
                if have - pos == HEADER:
                    self._need = HEADER + 1
                    return pos
                first = data[pos + HEADER]
                if first >= EOF_HEADER and length < (MAX_PAYLOAD if first == ERR_HEADER else self._end_below):
                    if have < stop:
                        return self._hold(length, pos)
                    if first == ERR_HEADER:
                        self._error(data, pos + HEADER, stop)
                    else:
                        self._ok(data, pos + HEADER, stop)
                else:
                    if self.keep_rows:
                        if have < stop:
                            return self._hold(length, pos)
                        self.kept.append(data[pos + HEADER : stop])
                    self._set_rows += 1
                    if self.cap >= 0 and self._set_rows + self.counted > self.cap and not self.over:
                        self.over = self.special = True
                        if self.enforced:
                            self.cut = True
                            return pos
                    if not self.cut:
                        self.rows += 1
                    self._more = length == MAX_PAYLOAD
            elif self._state >= _COLUMNS:
                self._more = length == MAX_PAYLOAD
                self._next_definition()
            else:
                if length == 0 or length == MAX_PAYLOAD:
                    raise ProtocolError(f"reply packet of {length} bytes")
                if have < stop:
                    return self._hold(length, pos)
                self._control(data, pos + HEADER, stop)
            self.seq = (self.seq + 1) & 0xFF
            pos = stop
            if pos > have:
                self._skip = pos - have
                return have
            if self.done or self.infile:
                return pos
        return pos

    def _plain_rows(self, data: bytes, pos: int) -> tuple[int, int]:
        """Count what are certainly rows that may pass; the others are for _walk."""
        room = _ANY if self.cap < 0 or self.over else self.cap - self.counted - self._set_rows
        pos, rows = count_rows(data, pos, self.seq, room)
        self.seq = (self.seq + rows) & 0xFF
        self.rows += rows
        self._set_rows += rows
        return pos, rows

    def _hold(self, length: int, pos: int) -> int:
        if length > MAX_CONTROL:
            raise ProtocolError(f"reply packet of {length} bytes")
        self._need = HEADER + length
        return pos

    def _next_definition(self) -> None:
        self._left -= 1
        if self._left == 0:
            if self._state != _PARAMETERS:
                self._after_columns()
            elif self.old_eof:
                self._state = _PARAMETERS_EOF
            else:
                self._prepared_columns()

    def _after_columns(self) -> None:
        if self.old_eof:
            self._state = _COLUMNS_EOF
        elif self.kind == PREPARE:
            self.done = True
        else:
            self._state = _ROWS

    def _prepared_columns(self) -> None:
        self._left = self._columns
        self._state = _NAMES if self.names_wanted else _COLUMNS
        self.done = self._left == 0

    def _control(self, data: bytes, pos: int, stop: int) -> None:
        """A packet that is read: data[pos:stop] is its payload, at least one byte."""
        first = data[pos]
        if first == ERR_HEADER:
            self._error(data, pos, stop)
        elif self._state == _FIRST:
            if self.kind == TEXT:
                self.done = True
            elif self.kind == PREPARE:
                self._prepared(data, pos, stop)
            elif first == OK_HEADER:
                self._ok(data, pos, stop)
            elif self.kind == SIMPLE:
                if first != EOF_HEADER:
                    raise ProtocolError("reply is neither OK nor ERR")
                self._ok(data, pos, stop)
            elif first == LOCAL_INFILE_HEADER:
                if self.file_text is None or not names_file(self.file_text, data[pos + 1 : stop]):
                    raise ProtocolError("server asks for a file that no statement loads")
                self.infile = True
            else:
                self._column_count(data, pos, stop)
        elif self._state == _NAMES:
            self.names.append(column_name(data, pos, stop))
            self._next_definition()
        else:
            if first != EOF_HEADER:
                raise ProtocolError("definitions without end")
            self._definitions_ended(data, pos, stop)

    def _prepared(self, data: bytes, pos: int, stop: int) -> None:
        if data[pos] != OK_HEADER:
            raise ProtocolError("reply to a PREPARE is neither OK nor ERR")
        head = parse_prepared(data, pos, stop)
        self.special = True
        self.statement_id = head.statement_id
        self.warnings = head.warnings
        self._columns = head.columns
        self._left = head.parameters
        self._state = _PARAMETERS
        if self._left == 0:
            self._prepared_columns()

    def _column_count(self, data: bytes, pos: int, stop: int) -> None:
        count = columns(data, pos, stop, self.cached)
        self._set_rows = 0
        self._left = abs(count)
        self._state = _NAMES if self.names_wanted else _COLUMNS
        if count < 0:
            self._after_columns()

    def _definitions_ended(self, data: bytes, pos: int, stop: int) -> None:
        eof = parse_eof(data, pos, stop)
        self.status = eof.status
        self.warnings = eof.warnings
        if self._state == _PARAMETERS_EOF:
            self._prepared_columns()
        elif self.kind == PREPARE:
            self.done = True
        elif eof.status & SERVER_STATUS_CURSOR_EXISTS and self.cursor_asked:
            self._result_ended(0, eof.status, eof.warnings)
        else:
            self._state = _ROWS

    def _ok(self, data: bytes, pos: int, stop: int) -> None:
        """An OK, or an EOF of either form: COM_FIELD_LIST gets the old one whatever the capabilities."""
        if stop - pos == _OLD_EOF:
            eof = parse_eof(data, pos, stop, self.status if self.kind == RESULT else 0)
            self._result_ended(0, eof.status, eof.warnings)
            return
        plain = plain_ok(data, pos, stop)
        if plain >= 0:
            self._result_ended(plain >> 32, plain >> 16 & 0xFFFF, plain & 0xFFFF)
            return
        ok = parse_ok(data, pos, stop, self.capabilities)
        if ok.moved or ok.schema is not None:
            self.moved = self.moved or ok.moved
            self.schema = self.schema if ok.schema is None else ok.schema
            self.special = True
        self._result_ended(ok.affected_rows, ok.status, ok.warnings)

    def _result_ended(self, affected_rows: int, status: int, warnings: int) -> None:
        self.affected_rows += affected_rows
        self.warnings = warnings
        self.status = status
        if status & (SERVER_STATUS_CURSOR_EXISTS | SERVER_STATUS_DB_DROPPED):
            self.cursor = status & SERVER_STATUS_CURSOR_EXISTS != 0
            self.special = True
        if status & SERVER_MORE_RESULTS_EXISTS:
            self._state = _FIRST
            self._set_rows = 0
        else:
            self.done = True

    def _error(self, data: bytes, pos: int, stop: int) -> None:
        error = parse_err(data, pos, stop)
        if error.errno != PROGRESS_ERRNO or not self.capabilities & MARIADB_PROGRESS:
            self.error_code = error.errno
            self.done = True
