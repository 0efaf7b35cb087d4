"""How fast rounds serve: `aiguillage bench rounds`.

First 120 P1 posted at once to one territory with two free places for each: until all are confirmed. Then 30 territories
at 6 requests a second, all automatic: from created (201) to confirmed, and what each costs in processor and statements.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx

from shared import embedded
from tests.bench.doors import dsn
from tests.bench.idle import read
from tests.bench.report import Report, percentile, progress
from tests.bench.stage import Stage, stage
from tests.builders import Territory, a_territory

COLUMNS = ("load", "requests", "confirmed", "all after s", "p50 s", "p99 s", "ms of processor each", "statements each")
BURST_S, STEADY_P99_S = 3.0, 2.0
DOCTORS = 6


def main(argv: list[str]) -> int:
    """Measure; 1 when a request that has a free place is not confirmed."""
    parser = argparse.ArgumentParser(prog="aiguillage bench rounds", description=__doc__)
    parser.add_argument("--burst", type=int, default=120)
    parser.add_argument("--territories", type=int, default=30)
    parser.add_argument("--rate", type=float, default=6.0, help="requests a second over all territories")
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--quick", action="store_true", help="40 at once, 10 territories for 10 s")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(argv)
    if options.quick:
        options.burst, options.territories, options.seconds = 40, 10, 10.0
    return asyncio.run(bench(options)).finish(as_json=options.json)


async def bench(options: argparse.Namespace) -> Report:
    """Both loads, on one running product."""
    embedded.POSTGRES_SETTINGS |= {"shared_preload_libraries": "pg_stat_statements"}
    report = Report("rounds: created → confirmed", COLUMNS)
    async with stage("up", practitioners=DOCTORS) as played, calling(played) as client:
        counter = await asyncpg.connect(**dsn(played))
        await counter.execute("create extension pg_stat_statements")
        others = [
            await a_territory(played.settings, f"98{number:07}", practitioners=1)
            for number in range(2, options.territories + 1)  # practitioners are numbered by territory: ours is 1
        ]
        await publish(client, played.territory, 2 * options.burst // DOCTORS + 1)
        for each in others:
            await publish(client, each, int(options.rate * options.seconds / options.territories) + 10)
        await known(counter, options.territories)
        progress(f"{options.burst} P1 at once")
        burst = Run(played, client, counter)
        await burst.play([(0.0, played.territory.cpts)] * options.burst)
        burst.tell(report, f"{options.burst} P1 at once, one territory")
        progress(f"{options.rate:g} a second over {options.territories} territories")
        cpts = [each.cpts for each in others] or [played.territory.cpts]
        count = int(options.rate * options.seconds)
        steady = Run(played, client, counter)
        await steady.play([(number / options.rate, cpts[number % len(cpts)]) for number in range(count)])
        steady.tell(report, f"{options.rate:g} a second, {options.territories} territories")
        await counter.close()
    report.figures["aims"] = {
        f"{options.burst} P1 confirmed in under {BURST_S:g} s": burst.all_s < BURST_S,
        f"created → confirmed p99 under {STEADY_P99_S:g} s": percentile(steady.seconds, 0.99) < STEADY_P99_S,
    }
    for name, load in (("burst", burst), ("steady load", steady)):
        report.guarantee(f"everybody is confirmed ({name})", kept=len(load.seconds) == load.asked)
    return report


def calling(played: Stage) -> httpx.AsyncClient:
    """A client of both services, as a machine."""
    headers = {"Authorization": f"Bearer {played.token}"}
    limits = httpx.Limits(max_connections=40)
    return httpx.AsyncClient(base_url=played.program.url, headers=headers, timeout=60, limits=limits)


async def publish(client: httpx.AsyncClient, territory: Territory, each: int) -> None:
    """So many places of each practitioner, in slots of five places that begin in forty minutes."""
    starts_at = datetime.now(UTC) + timedelta(minutes=40)  # noqa: TID251  a benchmark runs in real time
    for practitioner, place in zip(territory.practitioners, territory.places, strict=True):
        order = {
            "practitioner_id": str(practitioner),
            "place_id": str(place),
            "types": ["CPTS"],
            "minutes": 10,
            "capacity": 10,
            "count": -(-each // 10),
            "starts_at": starts_at.isoformat(),
        }
        (await client.post("/availability/slots", json=order)).raise_for_status()


async def known(counter: asyncpg.Connection, territories: int) -> None:
    """Wait until every territory has its rounds, and has noted its slots."""
    async with asyncio.timeout(60):
        while await counter.fetchval("select count(*) from matching.round_lease") < territories:
            await asyncio.sleep(0.1)
    await asyncio.sleep(3)


class Run:
    """One load: when each request was created, and when the stories say that it was confirmed."""

    def __init__(self, played: Stage, client: httpx.AsyncClient, counter: asyncpg.Connection) -> None:
        """Nothing was asked yet."""
        self._played, self._client, self._counter = played, client, counter
        self.seconds: list[float] = []
        self.asked, self.all_s, self.costs = 0, 0.0, (0.0, 0.0)

    async def play(self, moments: Sequence[tuple[float, str]]) -> None:
        """Ask at these moments, and wait until all are confirmed, a minute at most."""
        before, begun = await read(self._counter, self._played), time.perf_counter()
        ids = await asyncio.gather(*(self._ask(at_s, cpts) for at_s, cpts in moments))
        self.asked = len(ids)
        query = "select count(*) from matching.request where id = any($1::uuid[]) and state = 'confirmed'"
        try:
            async with asyncio.timeout(60):
                while await self._counter.fetchval(query, ids) < len(ids):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            progress("not everybody was confirmed")
        self.all_s = time.perf_counter() - begun
        after = await read(self._counter, self._played)
        used = after.services_s + after.postgres_s - before.services_s - before.postgres_s
        self.costs = 1000 * used / self.asked, (after.statements - before.statements) / self.asked
        rows = await self._counter.fetch(
            "select extract(epoch from min(c.at) - min(s.at)) as s from matching.request_change s"
            " join matching.request_change c on c.request_id = s.request_id and c.code = 'confirmed'"
            " where s.code = 'submitted' and s.request_id = any($1::uuid[]) group by s.request_id",
            ids,
        )
        self.seconds = [float(row["s"]) for row in rows]

    async def _ask(self, at_s: float, cpts: str) -> str:
        await asyncio.sleep(at_s)
        now = datetime.now(UTC).isoformat()  # noqa: TID251  a benchmark runs in real time
        form: dict[str, Any] = {"cpts_id": cpts, "insee": "48095", "urgency": 1, "motive": "fever_child", "age": 4}
        answer = await self._client.post("/matching/requests", json={**form, "answer_by": now})
        identifier: str = answer.raise_for_status().json()["id"]
        return identifier

    def tell(self, report: Report, load: str) -> None:
        """A row of the table."""
        seconds = self.seconds or [60.0]
        middle, late = percentile(seconds, 0.5), percentile(seconds, 0.99)
        report.row(load, self.asked, len(self.seconds), self.all_s, middle, late, *self.costs)
