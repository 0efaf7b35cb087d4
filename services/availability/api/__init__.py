"""The JSON endpoints: parse what arrives, call one use case, answer its value."""
