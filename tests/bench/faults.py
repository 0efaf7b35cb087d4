"""Faults on purpose: a subscriber thrown out, and -9 for the service, the Redis-compatible server and PostgreSQL."""

import asyncio
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import psutil

from shared.live.follow import Replica
from tests.bench.report import progress
from tests.bench.stage import Stage
from tests.bench.subscriber import Subscriber
from tests.builders import CPTS

BETWEEN_FAULTS_S = 1.5
FORM = {"cpts_id": CPTS, "insee": "48095", "urgency": 3, "motive": "fever_child", "age": 4}


@dataclass(slots=True)
class Losses:
    """What was acknowledged and what became of it."""

    acknowledged: int = 0
    retried: int = 0
    lost: int = 0
    doubled: int = 0
    gaps: int = 0
    resets: int = 0
    reconnects: int = 0
    equal: bool = False
    killed: list[str] = field(default_factory=list)


async def survive(played: Stage, client: httpx.AsyncClient, *, reconnects: int) -> Losses:
    """Post without a pause while everything is broken once; then count."""
    losses, ids = Losses(), list[str]()
    before = len(await listed(client))
    enough = asyncio.Event()
    async with Subscriber(client, Replica(CPTS)) as subscriber:
        writer = asyncio.create_task(write(client, ids, losses, enough))
        for name in ("subscriber", "service", "valkey", "postgres"):
            for _ in range(reconnects if name == "subscriber" else 1):
                await asyncio.sleep(BETWEEN_FAULTS_S if name != "subscriber" else 0.15)
                await break_one(name, played, subscriber)
            progress(f"broke {name}: {len(ids)} acknowledged, {losses.retried} retried")
            losses.killed.append(name)
        losses.reconnects = reconnects
        await asyncio.sleep(BETWEEN_FAULTS_S)
        enough.set()
        await writer
        for identifier in ids:
            await subscriber.seen(identifier)
        fresh = await settle(client, subscriber)
        losses.acknowledged, losses.gaps = len(ids), subscriber.gaps
        losses.resets = subscriber.snapshots - 1
        losses.equal = subscriber.replica.state == fresh
    stored = await listed(client)
    losses.lost = len(set(ids) - {request["id"] for request in stored})
    losses.doubled = len(stored) - before - len(ids)
    return losses


async def write(client: httpx.AsyncClient, ids: list[str], losses: Losses, enough: asyncio.Event) -> None:
    """Post one request after the other; each is retried with its key until it is acknowledged."""
    while not enough.is_set():
        key = str(uuid4())
        while True:
            try:
                answer = await client.post("/requests", json=FORM, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code == httpx.codes.CREATED:
                ids.append(answer.json()["id"])
                break
            if answer is not None and answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                raise RuntimeError(f"{answer.status_code}: {answer.text}")
            losses.retried += 1
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.01)


async def break_one(name: str, played: Stage, subscriber: Subscriber) -> None:
    """Throw the subscriber out, or kill a process; the launcher starts the servers again, we start the service."""
    if name == "subscriber":
        await subscriber.throw_out()
    elif name == "service":
        await played.program.kill()
        await played.program.start()
    else:
        for process in server_processes(played, name):
            process.kill()


def server_processes(played: Stage, name: str) -> list[psutil.Process]:
    """The embedded server's process and its children, found by the folder it serves."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if command and name in command[0] and any(str(played.folder) in word for word in command):
            found += [process, *process.children(recursive=True)]
    if not found:
        raise RuntimeError(f"no process of {name} serves {played.folder}")
    return found


async def listed(client: httpx.AsyncClient) -> list[dict[str, str]]:
    """All requests of the CPTS."""
    rows: list[dict[str, str]] = (await client.get("/requests", params={"cpts": CPTS})).raise_for_status().json()
    return rows


async def settle(client: httpx.AsyncClient, subscriber: Subscriber) -> object:
    """A fresh snapshot at the subscriber's own position, once nothing moves."""
    async with asyncio.timeout(20):
        while True:
            fresh = (await client.get("/live/snapshot", params={"cpts": CPTS})).raise_for_status().json()
            if fresh["seq"] == subscriber.replica.seq:
                return fresh["state"]
            await asyncio.sleep(0.2)
