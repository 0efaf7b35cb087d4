"""Addresses that people give us and that we then call: never a way into our own network."""

import asyncio
import ipaddress
import socket

import httpx

from shared.refusals import Invalid


class UnsafeAddress(Invalid):
    """Cette adresse doit commencer par https:// et mener à un serveur public."""

    code = "unsafe_address"


async def require_public(url: str, *, demo: bool) -> None:
    """Refuse an address inside our own network; a demonstration may call its own machine."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        raise UnsafeAddress(field="url", rule="a URL") from None
    if demo and parts.scheme in ("http", "https") and parts.host:
        return
    if parts.scheme != "https" or not parts.host:
        raise UnsafeAddress(field="url", rule="https://")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnsafeAddress("Ce serveur est inconnu.", field="url", rule="a known host") from None
    if not all(ipaddress.ip_address(address[0]).is_global for *_, address in found):
        raise UnsafeAddress(field="url", rule="a public address")
