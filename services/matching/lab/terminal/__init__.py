"""The lab at a terminal: the commands, their tables and their plots."""
