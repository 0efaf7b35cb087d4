"""The use cases: each is a function and part of one transaction; none commits. Events are its last statements."""
