"""Every list of this service as a file."""
