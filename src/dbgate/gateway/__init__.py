"""Sockets: listeners, connections, TLS, PROXY headers, health, limits by address."""
