"""The JSON endpoints of the register: parse, one use case, answer."""
