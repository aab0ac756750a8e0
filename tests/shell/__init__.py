"""What touches the outside, a floor at a time: real sockets on loopback, processes, time that passes. No database.

The rest of these modules' tests, and of everything below them, is in tests/unit, where nothing of that is allowed.
"""
