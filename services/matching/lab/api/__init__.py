"""What if, tomorrow, and what one more place is worth: the lab asked over HTTP."""
