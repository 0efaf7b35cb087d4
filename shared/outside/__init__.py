"""Speaking to what is not ours: addresses that may be called, whom we trust, JSON that nobody checked."""
