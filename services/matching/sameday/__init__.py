"""Same-day requests: asked, advised, held, decided in rounds, asked of practitioners on top."""
