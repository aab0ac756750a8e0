"""Audit records: their fields, their line, what is masked, and the queue that they wait in."""
