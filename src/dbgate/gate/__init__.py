"""One connection's brain: bytes of either peer in, effects out. No I/O, no clock."""
