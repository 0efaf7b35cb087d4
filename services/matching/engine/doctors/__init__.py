"""Who becomes whose family doctor: one round as one flow, with its reasons. Pure."""
