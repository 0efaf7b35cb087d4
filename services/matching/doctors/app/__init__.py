"""The use cases of the register: what people enter and answer, and what rounds propose."""
