"""The following side of the live protocol: a snapshot, then batches applied to it, resumed or started again as told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from shared.contracts.events import State, apply

log = structlog.get_logger()
SILENCE_S = 25.0
LATE_S = 15.0
"""After so long without a word, not even a heartbeat, a replica may have missed something."""


@dataclass(slots=True)
class Replica:
    """A copy of one CPTS's state in another service, and the position it stands at. `ready` once it has a snapshot."""

    cpts_id: str
    state: State = field(default_factory=dict)
    epoch: str = ""
    seq: int = -1
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    heard_s: float = 0.0
    """When its stream last said anything (the event loop's clock)."""

    def late(self, at_s: float) -> bool:
        """Whether what it does not show proves nothing: it has not heard where the stream stands for too long."""
        return not self.ready.is_set() or at_s - self.heard_s > LATE_S

    def take(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """Apply a batch and answer its events; raises `Gap` when it does not continue this replica."""
        if "reset" in message or message["epoch"] != self.epoch or message["after"] > self.seq:
            raise Gap
        fresh = [event for event in message["events"] if event["seq"] > self.seq]
        for event in fresh:
            apply(self.state, event)
        self.seq = max(self.seq, message["seq"])
        return fresh


class Gap(Exception):
    """The stream does not continue what we have: a snapshot is needed."""


OnChange = Callable[[Replica, list[dict[str, Any]]], Awaitable[None]]


async def follow(
    client: httpx.AsyncClient,
    replica: Replica,
    on_change: OnChange,
    *,
    turns: asyncio.Semaphore | None = None,
    resume: bool = False,
) -> None:
    """Keep `replica` true, for ever, from a new snapshot on. `client` has the service's base URL and our token.

    `on_change` is awaited after each snapshot (with no events) and each batch that changed something. With `resume` a
    replica that is ready goes on from its position, without a snapshot, if the stream still goes back so far. `turns`:
    how many of its service's streams are being opened at once; the others wait, and time out nowhere.
    """
    pause_s, turns = 0.05, turns or asyncio.Semaphore()
    if not resume:
        replica.ready.clear()
    while True:
        try:
            if not replica.ready.is_set():
                async with turns:
                    await _snapshot(client, replica)
                await on_change(replica, [])
            async with turns:
                socket = await _open(client, replica)
            await _hear(socket, replica, on_change)
            pause_s = 0.05
        except Gap:
            replica.ready.clear()
        except (httpx.HTTPError, OSError, WebSocketException, TimeoutError) as error:
            log.info("follow_waits", cpts=replica.cpts_id, error=type(error).__name__)
        await asyncio.sleep(pause_s)
        pause_s = min(2.0, pause_s * 2)


async def _snapshot(client: httpx.AsyncClient, replica: Replica) -> None:
    answer = (await client.get("/live/snapshot", params={"cpts": replica.cpts_id})).raise_for_status().json()
    replica.state, replica.epoch, replica.seq = answer["state"], answer["epoch"], answer["seq"]
    replica.heard_s = asyncio.get_running_loop().time()
    replica.ready.set()


async def _open(client: httpx.AsyncClient, replica: Replica) -> ClientConnection:
    """A socket that goes on from where the replica stands."""
    ticket = (await client.post("/live/ticket")).raise_for_status().json()["ticket"]
    base = str(client.base_url).rstrip("/").replace("http", "ws", 1)
    where = f"{base}/live?cpts={replica.cpts_id}&epoch={replica.epoch}&after={replica.seq}"
    # No ping of the socket's own: the stream's heartbeat says more, and a silent one is left all the same.
    socket = await connect(where, compression=None, open_timeout=5, max_size=None, ping_interval=None)
    await socket.send(json.dumps({"ticket": ticket}))
    return socket


async def _hear(socket: ClientConnection, replica: Replica, on_change: OnChange) -> None:
    async with socket:
        while True:
            async with asyncio.timeout(SILENCE_S):
                message = json.loads(await socket.recv())
            replica.heard_s = asyncio.get_running_loop().time()
            if events := replica.take(message):
                await on_change(replica, events)
