"""The only SQL that writes what belongs to the SAMU hub: its cases, its mail."""
