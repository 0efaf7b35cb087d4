"""Files that people have, turned into typed rows; what does not fit becomes a `BadRow` that says why."""
