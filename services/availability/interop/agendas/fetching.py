"""Getting an agenda from its server: bounded in time, in size and in how often it sends us elsewhere."""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from services.availability.interop.agendas.reading import LARGEST, FeedUnreadable
from shared.outside.public_address import require_public
from shared.wording.labels import fill

WHOLE_S = 20.0
"""Real seconds for everything: a server that drips a byte now and then is as good as silent."""
MOST_REDIRECTS = 5
_SUBSCRIBED = re.compile(r"^webcals?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the server answered; no content when nothing changed since `etag`."""

    etag: str
    content: bytes | None


def https_address(url: str) -> str:
    """An address as it is asked for: what agendas offer as `webcal://` is read over https."""
    return _SUBSCRIBED.sub("https://", url.strip())


async def fetch(client: httpx.AsyncClient, url: str, etag: str, *, demo: bool, whole_s: float = WHOLE_S) -> Fetched:
    """The agenda at an address; each address on the way is checked. Raises `FeedUnreadable`, `UnsafeAddress`.

    `client` follows no redirection by itself.
    """
    try:
        async with asyncio.timeout(whole_s):
            return await _follow_redirects(client, url, etag, demo=demo)
    except (TimeoutError, httpx.TimeoutException):
        raise FeedUnreadable("L'agenda ne répond pas, ou trop lentement : réessayez plus tard.") from None
    except (httpx.HTTPError, httpx.InvalidURL):
        raise FeedUnreadable("L'agenda ne répond pas : vérifiez son adresse.") from None


async def _follow_redirects(client: httpx.AsyncClient, url: str, etag: str, *, demo: bool) -> Fetched:
    headers = {"accept": "text/calendar", "accept-encoding": "gzip", **({"if-none-match": etag} if etag else {})}
    for _ in range(MOST_REDIRECTS + 1):
        url = https_address(url)
        await require_public(url, demo=demo)
        async with client.stream("GET", url, headers=headers) as answer:
            if answer.has_redirect_location:
                url = str(answer.url.join(answer.headers["location"]))
                continue
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return Fetched(etag, None)
            if answer.status_code != httpx.codes.OK:
                raise FeedUnreadable(fill("L'agenda a répondu {status}.", status=answer.status_code))
            return Fetched(answer.headers.get("etag", ""), await _content(answer))
    raise FeedUnreadable("Cette adresse renvoie sans fin vers d'autres : copiez l'adresse finale de l'agenda.")


async def _content(answer: httpx.Response) -> bytes:
    """The body, unpacked within the limit: a few bytes may stand for gigabytes."""
    packed = answer.headers.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip", "deflate"):
        raise FeedUnreadable("L'agenda arrive compressé d'une façon inconnue.")
    parts = answer.aiter_raw()
    whole = bytearray()
    async for part in _unpack(parts) if packed in ("gzip", "deflate") else parts:
        whole += part
        if len(whole) > LARGEST:
            raise FeedUnreadable("Cet agenda est trop gros.")
    return bytes(whole)


async def _unpack(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        async for part in parts:
            yield unpacker.decompress(part, LARGEST + 1)
            if unpacker.unconsumed_tail:
                raise FeedUnreadable("Cet agenda est trop gros.")
    except zlib.error:
        raise FeedUnreadable("L'agenda arrive compressé d'une façon illisible.") from None
