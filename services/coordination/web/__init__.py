"""The pages of coordination: frames, filled by scripts from the JSON API."""
