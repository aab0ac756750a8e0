"""What the gateway costs, measured against a direct connection and a relay that looks at nothing (HAProxy in TCP mode).

`./run bench` runs it; docs/performance.md says how to read the figures and keeps the last full run's.
"""
