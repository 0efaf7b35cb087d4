"""A proxy between matching and availability whose live streams may fall silent: open, and nothing comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CHUNK = 65_536


@dataclass(eq=False)
class Proxy:
    """Forwards to `port`. While `silent`, what the live streams say is swallowed; other calls go through.

    `delay_s` is waited before each call is passed on; `asked` counts the calls by the first words of their first line.
    """

    port: int
    silent: bool = False
    delay_s: float = 0.0
    asked: dict[str, int] = field(default_factory=dict)
    streams: set[asyncio.StreamWriter] = field(default_factory=set)
    ends: set[asyncio.WriteTransport] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client; both its ends are let go whatever becomes of it."""
        there, upstream = await asyncio.open_connection("127.0.0.1", self.port)
        ends = {writer.transport, upstream.transport}
        self.ends |= ends
        try:
            await asyncio.gather(self._up(reader, upstream, writer), self._down(there, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.streams.discard(writer)
            self.ends -= ends
            for each in ends:
                each.abort()

    async def _up(
        self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(CHUNK):
            if data.startswith((b"GET ", b"POST ")):
                await self._note(data.split(b"?", 1)[0].split(b" HTTP", 1)[0].decode(), client)
            upstream.write(data)
            await upstream.drain()
        upstream.write_eof()

    async def _note(self, asked: str, client: asyncio.StreamWriter) -> None:
        self.asked[asked] = self.asked.get(asked, 0) + 1
        if asked.endswith("/live"):
            self.streams.add(client)
        elif self.delay_s:
            await asyncio.sleep(self.delay_s)

    async def _down(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await there.read(CHUNK):
            if self.silent and writer in self.streams:
                continue
            writer.write(data)
            await writer.drain()
        writer.close()

    def speak(self) -> None:
        """Let the streams speak again: those that were silent have lost words, so they are cut."""
        self.silent = False
        for each in list(self.streams):
            each.close()

    def times(self, path: str) -> int:
        """How often a path was called."""
        return sum(count for asked, count in self.asked.items() if asked.endswith(path))


@asynccontextmanager
async def proxied(port: int) -> AsyncIterator[tuple[Proxy, int]]:
    """A proxy to `port`, and where it listens."""
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        yield proxy, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in list(proxy.ends):
            each.abort()
        await asyncio.sleep(0)
