"""One installation: both services together, their pages, their schemas and keys, and what must be there to start."""
