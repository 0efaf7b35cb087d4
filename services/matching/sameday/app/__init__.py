"""The use cases of matching: what people ask, and what rounds decide."""
