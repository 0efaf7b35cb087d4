"""What people type and where they are: texts, phones, points and times, read as they were meant. Pure."""
