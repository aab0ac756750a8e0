"""The settings of `dbgate serve`: what they are called, and where they come from."""
