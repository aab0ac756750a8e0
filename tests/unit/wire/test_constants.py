from __future__ import annotations

from dbgate.wire import constants


def test_capabilities_are_single_bits_and_distinct() -> None:
    bits = [
        value
        for name, value in vars(constants).items()
        if name.startswith(("CLIENT_", "MARIADB_")) and isinstance(value, int)
    ]
    assert len(bits) > 30
    assert all(value & (value - 1) == 0 for value in bits)
    assert len(set(bits)) == len(bits)


def test_commands_are_distinct() -> None:
    codes = [value for name, value in vars(constants).items() if name.startswith("COM_")]
    assert len(set(codes)) == len(codes)
