"""Many clients of one stream, in a process of their own: `python -m tests.bench.crowd URL CPTS COUNT`.

The token comes on standard input. Prints `ready` once all are connected, then reads until its standard input closes;
then prints how many batches each client read, as JSON.
"""

import asyncio
import json
import sys

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

AT_ONCE = 20


async def crowd(url: str, cpts: str, count: int, token: str) -> None:
    """Connect `count` clients, say so, read until told to stop."""
    gate = asyncio.Semaphore(AT_ONCE)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        start = (await client.get("/live/snapshot", params={"cpts": cpts})).raise_for_status().json()
        where = f"{url.replace('http', 'ws', 1)}/live?cpts={cpts}&epoch={start['epoch']}&after={start['seq']}"

        async def join() -> ClientConnection:
            async with gate:
                ticket = (await client.post("/live/ticket")).raise_for_status().json()["ticket"]
                socket = await connect(where, compression=None, open_timeout=30, ping_interval=None)
                await socket.send(json.dumps({"ticket": ticket}))
                await socket.recv()
                return socket

        sockets = await asyncio.gather(*(join() for _ in range(count)))
    print("ready", flush=True)
    readers = [asyncio.create_task(read(socket)) for socket in sockets]
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.gather(*(socket.close() for socket in sockets))
    print(json.dumps([await reader for reader in readers]), flush=True)


async def read(socket: ClientConnection) -> int:
    """How many batches came."""
    batches = 0
    try:
        async for _ in socket:
            batches += 1
    except ConnectionClosed:
        return batches
    return batches


if __name__ == "__main__":
    asyncio.run(crowd(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.stdin.readline().strip()))
