"""The availability service on a real database."""
