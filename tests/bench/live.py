"""From a request posted to its push received, and what survives faults: `aiguillage bench live`.

Latency is measured at one subscriber, alone, then with a crowd of other connected clients. Then a writer keeps posting
while the subscriber is thrown out 20 times and the service, the Redis-compatible server and PostgreSQL are each killed
(-9) once: every acknowledged request must stand in the subscriber's copy, once, and that copy must equal a fresh
snapshot. The peer in the same run is polling the list of requests every second, as a page without a socket would.
"""

import argparse
import asyncio
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict

import httpx

from shared.live.follow import Replica
from tests.bench.faults import Losses, survive
from tests.bench.report import Report, percentile, progress
from tests.bench.stage import Stage, stage
from tests.bench.subscriber import Subscriber
from tests.builders import CPTS

COLUMNS = ("measure", "requests", "p50 ms", "p99 ms", "max ms")
POLL_S = 1.0


def main(argv: list[str]) -> int:
    """Measure, then break things; 1 when an acknowledged request is lost or doubled."""
    parser = argparse.ArgumentParser(prog="aiguillage bench live", description=__doc__)
    parser.add_argument("--requests", type=int, default=200, help="posted for each measure of latency")
    parser.add_argument("--clients", type=int, default=1000, help="other clients connected during the second measure")
    parser.add_argument("--reconnects", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="fewer requests and clients: under 40 s")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(argv)
    if options.quick:
        options.requests, options.clients = 15, 50
    report = asyncio.run(bench(options.requests, options.clients, options.reconnects))
    return report.finish(as_json=options.json)


async def bench(requests: int, clients: int, reconnects: int) -> Report:
    """All three parts, on one running product."""
    report = Report("live: request posted → push received", COLUMNS)
    async with stage("up", practitioners=4) as played, calling(played) as client:
        progress("latency, alone")
        alone = await latencies(client, requests)
        add(report, "push, alone", alone)
        progress(f"connecting {clients} other clients")
        async with crowd(played, clients):
            crowded = await latencies(client, requests)
        add(report, f"push, with {clients} other clients", crowded)
        progress("latency of polling")
        polled = await latencies_by_polling(client, min(requests // 3, 20))
        add(report, "peer: polling the list every second", polled)
        progress("breaking things")
        losses = await survive(played, client, reconnects=reconnects)
    report.figures["ratio_push_to_polling_p50"] = percentile(alone, 0.5) / percentile(polled, 0.5)
    tell(report, losses)
    return report


def calling(played: Stage) -> httpx.AsyncClient:
    """A client of the matching service, as a machine."""
    headers = {"Authorization": f"Bearer {played.token}"}
    return httpx.AsyncClient(base_url=f"{played.program.url}/matching", headers=headers, timeout=30)


def form() -> dict[str, object]:
    """A request of the demonstration's rural territory, that may wait for its answer."""
    return {"cpts_id": CPTS, "insee": "48095", "urgency": 3, "motive": "fever_child", "age": 4}


async def post(client: httpx.AsyncClient, key: str | None = None) -> str:
    """Ask a slot; answers the request's id."""
    headers = {"Idempotency-Key": key} if key else {}
    answer = (await client.post("/requests", json=form(), headers=headers)).raise_for_status()
    identifier: str = answer.json()["id"]
    return identifier


async def latencies(client: httpx.AsyncClient, requests: int) -> list[float]:
    """Seconds from each post to its push, one at a time."""
    async with Subscriber(client, Replica(CPTS)) as subscriber:
        seconds = []
        for number in range(requests + 5):
            begun = time.perf_counter()
            seen = await subscriber.seen(await post(client))
            if number >= 5:  # the first ones warm the connections
                seconds.append(seen - begun)
        return seconds


async def latencies_by_polling(client: httpx.AsyncClient, requests: int) -> list[float]:
    """Seconds from each post until a list fetched every second shows it."""
    seconds = []
    for number in range(requests):
        await asyncio.sleep(POLL_S * number / requests)
        begun = time.perf_counter()
        next_poll = begun + POLL_S * (1 - number / requests)
        identifier = await post(client)
        while True:
            await asyncio.sleep(max(0.0, next_poll - time.perf_counter()))
            listed = (await client.get("/requests", params={"cpts": CPTS})).raise_for_status().json()
            if any(request["id"] == identifier for request in listed):
                break
            next_poll += POLL_S
        seconds.append(time.perf_counter() - begun)
    return seconds


@asynccontextmanager
async def crowd(played: Stage, count: int) -> AsyncIterator[None]:
    """Other clients of the same stream, in a process of their own, while the context is open."""
    command = [sys.executable, "-m", "tests.bench.crowd", f"{played.program.url}/matching", CPTS, str(count)]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{played.token}\n".encode())
    await process.stdin.drain()
    async with asyncio.timeout(120):
        if await process.stdout.readline() != b"ready\n":
            raise RuntimeError("the crowd did not connect")
    try:
        yield
    finally:
        await process.communicate(b"")  # closes its input: it leaves


def add(report: Report, measure: str, seconds: Sequence[float]) -> None:
    """A row of the table."""
    ms = [1000 * each for each in seconds]
    report.add(
        **dict(zip(COLUMNS, (measure, len(ms), percentile(ms, 0.5), percentile(ms, 0.99), max(ms)), strict=True))
    )


def tell(report: Report, losses: Losses) -> None:
    """What the faults cost."""
    report.figures["faults"] = asdict(losses)
    report.guarantee("no acknowledged request is lost", kept=losses.lost == 0)
    report.guarantee("no request is doubled", kept=losses.doubled == 0)
    report.guarantee("the followed copy equals a fresh snapshot", kept=losses.equal)
    report.guarantee("the stream has no gap without a reset", kept=losses.gaps == 0)
