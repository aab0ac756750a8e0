"""The layout of a statistics page: unsigned 64-bit little-endian slots, one writer a page, readers never wait.

A page is what one worker has counted since it was first started. `VERSION` changes with any change below, and a reader refuses a page
of another version. Names of operations and rules are those of the policy file; what is not among them counts as the
last, "other".
"""

from __future__ import annotations

from typing import Final

from dbgate.stats.histogram import BUCKETS

MAGIC: Final = int.from_bytes(b"DBGSTATS", "little")
VERSION: Final = 2

# Header.
SLOT_MAGIC: Final = 0
SLOT_VERSION: Final = 1
SLOT_PID: Final = 2
SLOT_STARTS: Final = 3  # how often a worker took this page over
SLOT_EPOCH: Final = 4  # the policy epoch that the table of hits belongs to

# Counters, since the page was made. Gauges (see GAUGES) are the present value instead.
CONNECTIONS: Final = 8  # client connections taken
SESSIONS: Final = 9  # gauge: sessions open now
DENIED: Final = 10  # logins refused by the policy, and connections refused over a limit
QUERIES: Final = 11  # commands that owe an audit record
BLOCKED: Final = 12
MONITORED: Final = 13  # would have been blocked
ERRORS: Final = 14  # answered by the server with an error
ROWS: Final = 15  # rows sent to clients
BYTES: Final = 16  # bytes of replies sent to clients
CAPPED: Final = 17  # replies cut by max_result_rows
AUDIT_WRITTEN: Final = 18
AUDIT_DROPPED: Final = 19
AUDIT_QUEUED: Final = 20  # gauge
CACHE_EXACT: Final = 21  # verdicts found by a statement's exact bytes
CACHE_DIGEST: Final = 22  # … by its literal-free digest
CACHE_MISS: Final = 23  # statements analysed
DURATION_SUM: Final = 24  # microseconds, of the statements in the histogram
AUDIT_FAILING: Final = 25  # gauge: 1 while the audit log cannot be written
CACHE_BYTES: Final = 26  # gauge
LONG_ANALYSED: Final = 27  # long statements that were analysed in the process beside the worker
LONG_FAILED: Final = 28  # … that could not be
LONG_WAITING: Final = 29  # gauge
_FIXED_END: Final = 32

GAUGES: Final = (SESSIONS, AUDIT_QUEUED, AUDIT_FAILING, CACHE_BYTES, LONG_WAITING)

OPERATIONS: Final = [
    "SELECT",
    "INSERT",
    "REPLACE",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "CREATE",
    "ALTER",
    "DROP",
    "RENAME",
    "CALL",
    "LOAD",
    "HANDLER",
    "LOCK",
    "SHOW",
    "USE",
    "SET",
    "TRANSACTION",
    "PREPARE",
    "EXECUTE",
    "GRANT",
    "REVOKE",
    "ADMIN",
    "DESCRIBE",
    "EXPLAIN",
    "DO",
    "FETCH",
    "PING",
    "other",
]
RULES: Final = [
    "no-policy",
    "parse-error",
    "statement-size",
    "no-access-rule",
    "tls-required",
    "time-restriction",
    "rate-limit",
    "block-statement",
    "require-where",
    "injection",
    "shape",
    "block-pattern",
    "procedure",
    "dynamic-sql",
    "schema-access",
    "blocked-operation",
    "operation-denied",
    "table-denied",
    "column-denied",
    "function-denied",
    "protocol-command",
    "session-state",
    "max-result-rows",
    "audit-failure",
    "internal-error",
    "other",
]

FIRST_OPERATION: Final = _FIXED_END
FIRST_BLOCKED: Final = FIRST_OPERATION + 48  # by rule; room for names that come later
FIRST_MONITORED: Final = FIRST_BLOCKED + 48
FIRST_BUCKET: Final = FIRST_MONITORED + 48

# Hits by line of the policy file: four slots each. Line 0 is what no line of the file decided.
HITS: Final = 1024
HIT_KEY: Final = 0  # line * 64 + index of the rule + 1; 0 = free, and so are all that follow
HIT_BLOCKED: Final = 1
HIT_MONITORED: Final = 2
HIT_LAST: Final = 3  # Unix milliseconds of the latest
HIT_WIDTH: Final = 4
FIRST_HIT: Final = FIRST_BUCKET + BUCKETS

SLOTS: Final = FIRST_HIT + HITS * HIT_WIDTH
PAGE_BYTES: Final = SLOTS * 8

RULE_BITS: Final = 6  # of a hit's key
