"""A client of the live protocol, written from docs/live.md."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.live.probe import CPTS, TOKEN

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def calling(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that shows the machine's token."""
    async with httpx.AsyncClient(base_url=url, headers=HEADERS, timeout=20) as client:
        yield client


async def snapshot(client: httpx.AsyncClient) -> dict[str, Any]:
    """State and position."""
    answer: dict[str, Any] = (await client.get("/live/snapshot", params={"cpts": CPTS})).raise_for_status().json()
    return answer


async def ticket(client: httpx.AsyncClient) -> str:
    """A fresh ticket."""
    value: str = (await client.post("/live/ticket")).raise_for_status().json()["ticket"]
    return value


@asynccontextmanager
async def socket(
    client: httpx.AsyncClient, *, epoch: str, after: int, **options: Any
) -> AsyncIterator[ClientConnection]:
    """An admitted socket standing at `after`."""
    base = str(client.base_url).rstrip("/").replace("http", "ws", 1)
    where = f"{base}/live?cpts={CPTS}&epoch={epoch}&after={after}"
    async with connect(where, compression=None, **options) as opened:
        await opened.send(json.dumps({"ticket": await ticket(client)}))
        yield opened


async def events_until(opened: ClientConnection, seq: int, *, after: int) -> list[dict[str, Any]]:
    """The events that lead from `after` to `seq`; fails on a gap."""
    events: list[dict[str, Any]] = []
    while after < seq:
        batch = json.loads(await opened.recv())
        assert batch["after"] == after, "a batch continues where the last one ended"
        events += batch["events"]
        after = batch["seq"]
    return events
