"""When to decide, and what the rest of the day may bring. Pure."""
