"""The `dbgate` command: supervisor, workers, and the only place that wires the floors together."""
