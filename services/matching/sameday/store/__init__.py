"""The only SQL that writes what belongs to same-day requests."""
