"""A client that costs next to nothing, so that what a benchmark on the same machine times is the server."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

HEADERS_END = b"\r\n\r\n"


class PlainClient:
    """One kept connection of HTTP/1.1, for answers that say their length."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: Mapping[str, str] | None = None
    ) -> None:
        """On an open connection; `headers` go with every request."""
        self._reader, self._writer = reader, writer
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())

    async def get(self, target: str) -> bytes:
        """The body of the answer; raises RuntimeError for any status but 200."""
        self._writer.write(
            f"GET {target} HTTP/1.1\r\nHost: bench\r\nAccept: application/fhir+json\r\n{self._headers}\r\n".encode()
        )
        status, body = await self._answer()
        if status != 200:
            raise RuntimeError(body[:500].decode())
        return body

    async def post(self, target: str, body: Any) -> tuple[int, Any]:
        """The status and the value of an answer in JSON."""
        content = json.dumps(body).encode()
        head = f"POST {target} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{self._headers}"
        self._writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        status, answer = await self._answer()
        return status, json.loads(answer)

    async def _answer(self) -> tuple[int, bytes]:
        head = (await self._reader.readuntil(HEADERS_END)).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        return int(head.split(b" ", 2)[1]), body


@asynccontextmanager
async def plain_client(url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[PlainClient]:
    """A client of the server at `url`, connected once."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=2**20)
    try:
        yield PlainClient(reader, writer, headers)
    finally:
        writer.close()
        await writer.wait_closed()
