"""The certificate authorities we trust when we call others."""

import ssl
from functools import cache

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """Those httpx trusts, read once a process: each reading takes as long as starting a small service."""
    return httpx.create_ssl_context()
