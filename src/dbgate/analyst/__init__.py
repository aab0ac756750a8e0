"""Analyses of long statements in another process: what is sent there and back, that process, and a worker's desk for it."""
