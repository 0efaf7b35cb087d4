"""Days of a territory: their shape, drawn by seed, and stored as files."""
