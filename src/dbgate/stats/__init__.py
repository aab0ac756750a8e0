"""Counters and histograms on a page of memory that one process writes and others read."""
