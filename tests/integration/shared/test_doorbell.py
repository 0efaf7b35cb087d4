"""The doorbell hears again after its connection died in silence: open on our side, forgotten on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from shared.db.doorbell import Doorbell
from shared.settings import Settings


@dataclass
class Way:
    """Forwards to a socket; while `mute`, what comes over connections that are open already is swallowed, both ways."""

    there: SplitResult
    mute: bool = False
    opened: int = 0
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.there.scheme == "unix":
            there, upstream = await asyncio.open_unix_connection(self.there.path)
        else:
            there, upstream = await asyncio.open_connection(self.there.hostname, self.there.port)
        self.opened += 1
        if task := asyncio.current_task():
            self.serving.add(task)
        silenced = not self.mute

        async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65_536):
                if not (self.mute and silenced):
                    sink.write(data)

        try:
            with suppress(OSError, asyncio.CancelledError):
                await asyncio.gather(pass_on(reader, upstream), pass_on(there, writer))
        finally:
            for end in (upstream, writer):
                end.transport.abort()


@asynccontextmanager
async def way_to(there: SplitResult) -> AsyncIterator[tuple[Way, int]]:
    way = Way(there)
    async with await asyncio.start_server(way.serve, "127.0.0.1", 0) as server:
        yield way, server.sockets[0].getsockname()[1]
        for each in way.serving:
            each.cancel()
        await asyncio.gather(*way.serving, return_exceptions=True)


async def test_a_listener_whose_connection_died_in_silence_hears_again(settings: Settings) -> None:
    url = settings.redis_url.get_secret_value()
    there = urlsplit(url)
    ringing = Doorbell(url, prefix="essai")
    async with way_to(there) as (way, port):
        hearing = Doorbell(f"redis://:{there.password}@127.0.0.1:{port}?{there.query}", prefix="essai", quiet_s=0.2)
        listening = asyncio.create_task(hearing.listen())
        try:
            async with asyncio.timeout(20), hearing.watch("door") as watch:

                async def heard() -> None:
                    watch.forget()
                    while True:
                        await ringing.ring("door")
                        if await watch.wait(0.1):
                            return

                await heard()
                await asyncio.sleep(0.5)  # quiet, and alive: it asks, and is answered
                assert way.opened == 1
                way.mute = True
                while way.opened < 2:
                    await asyncio.sleep(0.02)
                await heard()
        finally:
            listening.cancel()
            await asyncio.wait({listening})
            await hearing.aclose()
            await ringing.aclose()
