"""The only SQL that writes what belongs to people: accounts, roles, codes, what they set, what is forgotten."""
