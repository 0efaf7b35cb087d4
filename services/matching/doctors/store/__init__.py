"""The only SQL that writes what belongs to the register."""
