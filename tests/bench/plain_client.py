"""A client that costs next to nothing, so that what a benchmark on the same machine times is the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

HEADERS_END = b"\r\n\r\n"


class PlainClient:
    """One kept connection of HTTP/1.1, for answers that say their length."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """On an open connection."""
        self._reader, self._writer = reader, writer

    async def get(self, target: str) -> bytes:
        """The body of the answer; raises RuntimeError for any status but 200."""
        self._writer.write(f"GET {target} HTTP/1.1\r\nHost: bench\r\nAccept: application/fhir+json\r\n\r\n".encode())
        head = (await self._reader.readuntil(HEADERS_END)).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise RuntimeError(body[:500].decode())
        return body


@asynccontextmanager
async def plain_client(url: str) -> AsyncIterator[PlainClient]:
    """A client of the server at `url`, connected once."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=2**20)
    try:
        yield PlainClient(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
