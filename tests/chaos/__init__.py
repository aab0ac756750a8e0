"""Faults from a list, under load, with every answer checked against what the client knows to be true: `./run chaos`."""
