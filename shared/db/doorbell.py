"""Wake-ups that carry nothing. Redis rings across processes; without it, waiting readers fall back to their poll.

Watch before you read: a ring between the two is then not lost.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = structlog.get_logger()
POLL_S = 1.0
QUIET_S = 10.0
"""After so long without a word Redis is asked whether it is there; after as long again it is not."""


class Watch:
    """Someone waiting at one door."""

    def __init__(self) -> None:
        """Not rung yet."""
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiter."""
        self._event.set()

    def forget(self) -> None:
        """Forget the rings until now: whoever reads now reads what they announced."""
        self._event.clear()

    async def wait(self, at_most_s: float | None = POLL_S) -> bool:
        """Wait for a ring, or for the poll interval (None: for ever); true if it rang."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Doorbell:
    """Rings streams of one service, here and, through Redis, in its other processes."""

    def __init__(self, redis_url: str, *, prefix: str, quiet_s: float = QUIET_S) -> None:
        """`prefix` keeps installations apart that share a Redis; `quiet_s`: how long a silence is believed."""
        self._quiet_s = quiet_s
        self._redis = Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1, retry=Retry(NoBackoff(), 0))
        self._listener = Redis.from_url(redis_url, socket_connect_timeout=1)
        self._prefix = f"{prefix}:ring:"
        self._watches: dict[str, set[Watch]] = defaultdict(set)
        self._own = uuid4().hex.encode()
        self._untold: set[str] = set()
        self._telling: asyncio.Task[None] | None = None
        self.hears = False
        """Whether the rings of other processes are heard: while not, look again and again instead."""

    @asynccontextmanager
    async def watch(self, stream: str) -> AsyncIterator[Watch]:
        """Stand at a stream's door."""
        watch = Watch()
        self._watches[stream].add(watch)
        try:
            yield watch
        finally:
            self._watches[stream].discard(watch)

    async def ring(self, stream: str) -> None:
        """Wake who watches the stream: here at once, elsewhere as soon as Redis is told, for which nobody waits.

        Rings that come together are told together. A Redis that is away costs latency, never an error.
        """
        self.ring_here(stream)
        self._untold.add(stream)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell(), name="rings")

    async def _tell(self) -> None:
        while self._untold:
            streams, self._untold = sorted(self._untold), set()
            try:
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for stream in streams:
                        pipeline.publish(self._prefix + stream, self._own)
                    await pipeline.execute()
            except (RedisError, OSError) as error:
                log.warning("ring_lost", count=len(streams), error=type(error).__name__)

    def ring_here(self, stream: str) -> None:
        """Wake who watches the stream in this process."""
        for watch in self._watches.get(stream, ()):
            watch.ring()

    async def listen(self) -> None:
        """Hear the rings of other processes, for ever; reconnects by itself and then wakes everybody."""
        while True:
            try:
                async with self._listener.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.psubscribe(self._prefix + "*")
                    self.hears = True
                    for stream in list(self._watches):
                        self.ring_here(stream)
                    async for message in self._hear(pubsub):
                        if message["data"] != self._own:  # its own ring woke everybody here already
                            self.ring_here(message["channel"].decode().removeprefix(self._prefix))
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("doorbell_away", error=type(error).__name__)
            finally:
                self.hears = False
            await asyncio.sleep(0.5)

    async def _hear(self, pubsub: PubSub) -> AsyncIterator[dict[str, Any]]:
        """Every message; raises `TimeoutError` when nothing comes, not even the answer to a question.

        A connection that a router between us forgot stays open here for ever, and silent.
        """
        asked = False
        while True:
            message = await pubsub.get_message(timeout=self._quiet_s)
            if message is None and asked:
                raise TimeoutError
            asked = message is None
            if message is None:
                await pubsub.ping()
            elif message["type"] == "pmessage":
                yield message

    async def aclose(self) -> None:
        """Leave Redis, once it was told what rang."""
        if self._telling is not None:
            await asyncio.wait({self._telling})
        await self._redis.aclose()
        await self._listener.aclose()
