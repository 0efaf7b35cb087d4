"""The certificate authorities we trust when we call others, and the clients of our own services."""

import ssl
from functools import cache

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """Those httpx trusts, read once a process: each reading takes as long as starting a small service."""
    return httpx.create_ssl_context()


def open_client(url: str, token: str) -> httpx.AsyncClient:
    """A client of another of our services, with the token of a machine."""
    return httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {token}"},
        timeout=httpx.Timeout(10, connect=2),
        verify=authorities(),
    )
