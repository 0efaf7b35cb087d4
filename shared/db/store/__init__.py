"""The only SQL of the kit that writes the clock, and work that waits in a table of whoever owns it."""
