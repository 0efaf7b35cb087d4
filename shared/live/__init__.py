"""The live protocol, both sides: the log of a service, a snapshot with its position, batches that continue it."""
