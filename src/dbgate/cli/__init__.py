"""`dbgate-cli`, one command a file."""
