"""Slots that other editors publish: read, searched, and proposed with the address where one books them."""
