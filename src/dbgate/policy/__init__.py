"""The policy file, from its text to a verdict, and everything that is asked about policies."""
