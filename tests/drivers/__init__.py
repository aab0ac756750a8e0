"""Real clients through the gateway, and what a recording relay saw of them."""
