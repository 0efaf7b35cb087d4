"""The pure parts of the availability service."""
