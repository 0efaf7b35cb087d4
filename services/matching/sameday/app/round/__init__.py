"""What a round decides, and what time and others changed meanwhile: settled before anything is given."""
