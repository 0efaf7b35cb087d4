"""Addresses that people give us and that we then call: never a way into our own network.

`require_public` says it when an address is given; `PublicTransport` sees to it at each connection: the name is resolved
once, each of its addresses is looked at, and the connection goes to the address that was looked at, so that a name
that changes its mind in between leads nowhere. A redirection is one more connection, and is looked at as well.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore
import httpx

from shared.refusals import Invalid

UNICAST, NAT64 = IPv6Network("2000::/3"), IPv6Network("64:ff9b::/96")
WRAPPING = (IPv6Network("2002::/16"), IPv6Network("2001::/23"), IPv6Network("64:ff9b:1::/48"))
"""6to4, Teredo and other tunnels, private NAT64: an IPv6 address that leads to an IPv4 address of anybody's choice."""


class UnsafeAddress(Invalid):
    """Cette adresse doit commencer par https:// et mener à un serveur public."""

    code = "unsafe_address"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether this is an address of the internet, for one server, that wraps no other."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return False
        if address in NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in UNICAST or any(address in network for network in WRAPPING):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, in the order to try them; raises `OSError` or `UnicodeError`."""
    try:
        return [str(ip_address(host.strip("[]")))]
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


def all_public(addresses: Sequence[str]) -> bool:
    """Whether all of them are of the internet: one that is not is reason enough."""
    return bool(addresses) and all(is_public(ip_address(each.partition("%")[0])) for each in addresses)


async def require_public(url: str, *, demo: bool) -> None:
    """Refuse an address inside our own network; a demonstration may call its own machine."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        raise UnsafeAddress(field="url", rule="a URL") from None
    if parts.userinfo:
        raise UnsafeAddress(field="url", rule="no user name in it")
    if demo and parts.scheme in ("http", "https") and parts.host:
        return
    if parts.scheme != "https" or not parts.host:
        raise UnsafeAddress(field="url", rule="https://")
    try:
        addresses = await resolve(parts.host, parts.port or 443)
    except (OSError, UnicodeError):
        raise UnsafeAddress("Ce serveur est inconnu.", field="url", rule="a known host") from None
    if not all_public(addresses):
        raise UnsafeAddress(field="url", rule="a public address")


class _LookedAt(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that it looked at itself."""

    def __init__(self) -> None:
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first address that answers, all of them public; TLS goes on asking for the host's own name."""
        try:
            addresses = await resolve(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("unknown host") from None
        if not all_public(addresses):
            raise httpcore.ConnectError("not a public address")
        failed: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                return await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        """As httpcore waits before it tries again."""
        await self._plain.sleep(seconds)


class PublicTransport(httpx.AsyncHTTPTransport):
    """HTTP to the internet only; a demonstration may call its own machine."""

    def __init__(self, context: ssl.SSLContext, *, demo: bool) -> None:
        """`context`: whose certificates are believed."""
        super().__init__(verify=context)
        if not demo:
            # The pool as httpx makes it, but for how a name becomes an address.
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=context, max_connections=100, max_keepalive_connections=20, network_backend=_LookedAt()
            )
