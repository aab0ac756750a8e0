"""The MySQL protocol: bytes to packets, commands and replies, and back. Only here are a peer's bytes read."""
