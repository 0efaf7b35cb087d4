"""The JSON API: who asks, of which days, and what may be told."""
