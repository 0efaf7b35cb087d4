"""The JSON endpoints of matching: parse, one use case, answer."""
