"""Small faults put into the engine one at a time: `python -m tests.mutation` shows that each is noticed."""
