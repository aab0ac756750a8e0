"""One program a client library: does a session and prints what it saw as one JSON object.

Arguments: HOST PORT USER PASSWORD. Each runs in a process of its own, so that a library's own warnings, threads and
event loops cannot touch the tests. The keys: text, prepared, transaction, error, multi, big, blocked, after.
"""
