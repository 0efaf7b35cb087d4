"""The SAMU hub (Hub Santé), whole: its messages, its cases, its mail and the line to it."""
