"""Many sessions of mixed work for a while: nothing wrong, nothing missing, nothing that grows."""
