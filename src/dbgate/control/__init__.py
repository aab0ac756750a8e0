"""The control API: its messages, its server, and the client of the command line and the dashboard."""
