"""What a patient does by a link, without an account: their appointment, or where their request stands."""
