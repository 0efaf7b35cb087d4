"""Which addresses are the internet's, and that a connection goes where it was looked."""

import asyncio
import socket
from ipaddress import ip_address

import httpx
import pytest
from fastapi import FastAPI

from shared.outside.public_address import PublicTransport, UnsafeAddress, all_public, is_public, require_public
from shared.outside.trust import authorities
from tests.serving import serving

INSIDE_WRITTEN = """
0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.1.2.3 169.254.169.254 172.16.0.1 192.0.0.1 192.0.2.1
192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 ::
::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 100::1
2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2002:7f00:1:: 2002:a00:1::1 fc00::1
fd12:3456:789a::1 fe80::1 fec0::1 ff02::1 ff0e::1 5f00::1 4000::1
"""
INSIDE = INSIDE_WRITTEN.split()


@pytest.mark.parametrize("address", INSIDE)
def test_what_leads_into_a_network_of_somebodys_own_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "185.31.40.10", "2001:4860:4860::8888", "2a01:e0a::1", "64:ff9b::808:808"]
)
def test_servers_of_the_internet_are_let_through(address: str) -> None:
    assert is_public(ip_address(address))


def test_one_address_inside_is_reason_enough() -> None:
    assert not all_public(["8.8.8.8", "10.0.0.1"])
    assert not all_public([])


@pytest.mark.parametrize(
    "url", ["https://user:secret@exemple.invalid/", "https://2130706433/", "https://0x7f.1/", "https://localhost/"]
)
async def test_other_ways_to_write_an_address_inside_are_refused(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        await require_public(url, demo=False)


async def test_a_name_that_changes_its_mind_after_it_was_checked_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    loop = asyncio.get_running_loop()

    async def getaddrinfo(host: str, port: int, **_more: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(answers)]

    monkeypatch.setattr(
        type(loop), "getaddrinfo", lambda _loop, *given, **more: getaddrinfo(*given, **more), raising=False
    )
    await require_public("https://rebond.invalid/", demo=False)
    transport = PublicTransport(authorities(), demo=False)
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(httpx.ConnectError, match="not a public address"):
            await client.get("https://rebond.invalid/")


async def test_a_redirection_inside_is_not_followed() -> None:
    async with serving(FastAPI()) as url:
        async with httpx.AsyncClient(
            transport=PublicTransport(authorities(), demo=False), follow_redirects=True
        ) as client:
            with pytest.raises(httpx.ConnectError, match="not a public address"):
                await client.get(url)
        async with httpx.AsyncClient(transport=PublicTransport(authorities(), demo=True)) as client:
            assert (await client.get(url)).status_code == 404
