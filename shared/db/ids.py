"""Identifiers: UUID version 7, so that rows of one moment stand together."""

import hashlib
import os
from datetime import datetime
from uuid import UUID


def new_id(now: datetime) -> UUID:
    """A UUIDv7 (RFC 9562): 48 bits of milliseconds, then 74 random bits."""
    ms = int(now.timestamp() * 1000)
    noise = int.from_bytes(os.urandom(10), "big")
    value = (ms & (1 << 48) - 1) << 80 | 7 << 76 | (noise >> 68 & 0xFFF) << 64 | 0b10 << 62 | noise & (1 << 62) - 1
    return UUID(int=value)


def id_of_key(caller: str, key: str) -> UUID:
    """The id of what this caller makes with this Idempotency-Key, each time they say it: a UUIDv8 of both."""
    value = int.from_bytes(hashlib.sha256(f"{caller} {key}".encode()).digest()[:16], "big")
    return UUID(int=value & ~(0xF << 76) & ~(0b11 << 62) | 8 << 76 | 0b10 << 62)
