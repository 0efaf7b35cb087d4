"""How fast the SAS gets its slots: `aiguillage bench fhir`.

10,000 free slots of 2,500 practitioners over three days; each search asks for 25 of them, as the national platform does
(it gives up after 7 s, its certification kit after 1 s): first for the first time, then what the server remembers, then
while slots change. In the same run, on the same data and without HTTP: our one statement for the whole search, and the
naive peer that asks the base once for each practitioner. The processor's time of a search, the server's (without
PostgreSQL's) and our own, in milliseconds, depends less on what else the machine does than how long it takes.
"""

import argparse
import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice

import psutil
from sqlalchemy import text

from services.availability.interop.fhir.bundle import searchset
from services.availability.interop.fhir.query import SlotQuery, parse_slot_query
from services.availability.interop.fhir.reads import Agenda, free_slots
from services.availability.interop.fhir.terms import Ig
from services.availability.interop.fhir.values import SlotValue
from shared.db import run
from shared.wiring import Wiring, running, wire
from tests.bench.plain_client import plain_client
from tests.bench.report import Report, percentile
from tests.bench.stage import Stage, stage
from tests.builders import owner
from tests.fhir_kit import search

COLUMNS = (
    "search",
    "searches",
    "slots each",
    "searches/s",
    "p50 ms",
    "p99 ms",
    "max ms",
    "server CPU ms",
    "own CPU ms",
)
PER_SEARCH = 25
AGENDA = Agenda("https://exemple.invalid/{rpps}")

FILL = """
insert into availability.practitioner (id, rpps, last_name, first_name, profession, specialty, phone)
select gen_random_uuid(), (99000000000 + n)::text, 'ESSAI-' || n, 'Fictif', '10', 'SM54', '0100000000'
from generate_series(1, :practitioners) n;
insert into availability.place (id, key, name, address, insee, lat, lon, phone, wheelchair)
select gen_random_uuid(), 'finess:' || (900000000 + n), 'Cabinet ' || n, n || ' rue X 31000 Toulouse', '31555',
       43.6, 1.44, '0500000000', true
from generate_series(1, :practitioners) n;
insert into availability.slot (id, cpts_id, practitioner_id, place_id, capacity, modes, types, audience, acts, min_age,
  max_age, appointment, starts_at, ends_at, taken, overbooked, status, origin, fresh_at, version, live)
select gen_random_uuid(), :cpts, p.id, l.id, 1, '{AMB}', '{PRO,CPTS}', array[:cpts], '{}', 0, 130, 'ROUTINE', at,
       at + interval '15 minutes', 0, 0, 'published', 'manual', now(), 1, true
from (select p.*, row_number() over (order by rpps) n from availability.practitioner p where rpps > '99000000000') p
join availability.place l on l.key = 'finess:' || (900000000 + p.n),
lateral (select now() + interval '1 hour' + k * interval '16 hours' as at from generate_series(0, :each - 1) k) times;
"""


def main(argv: list[str]) -> int:
    """Measure; 1 when an answer is not the expected one."""
    parser = argparse.ArgumentParser(prog="aiguillage bench fhir", description=__doc__)
    parser.add_argument("--practitioners", type=int, default=2500)
    parser.add_argument("--each", type=int, default=4, help="free slots of each, 16 hours apart")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--changes", type=int, default=20, help="slots that change a second, in the row that says so")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--quick", action="store_true", help="3 seconds a row: under 40 s")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(argv)
    if options.quick:
        options.seconds = 3
    return asyncio.run(bench(options)).finish(as_json=options.json)


async def bench(options: argparse.Namespace) -> Report:
    """Over HTTP, then in process against the peer."""
    total = options.practitioners * options.each
    report = Report(f"fhir: {PER_SEARCH} practitioners x 3 days among {total} free slots", COLUMNS)
    async with stage("serve", "availability", practitioners=1) as played:
        await fill(played, options)
        groups = [
            [str(99000000000 + first + n + 1) for n in range(PER_SEARCH)]
            for first in range(0, options.practitioners, PER_SEARCH)
        ]
        expected = PER_SEARCH * options.each
        many, once, changing = f"{options.clients} clients", len(groups), options.changes
        for name, cpts, clients, most, changes in (
            ("INT_R01, one client, first time", False, 1, once, 0),
            ("INT_R01, one client", False, 1, None, 0),
            (f"INT_R01, {many}", False, options.clients, None, 0),
            (f"INT_R01, {many}, {changing} changes/s", False, options.clients, None, changing),
            ("INT_R04, one client, first time", True, 1, once, 0),
            (f"INT_R04, {many}", True, options.clients, None, 0),
        ):
            urls = [search(group, cpts=cpts) for group in groups]
            async with changes_of_slots(played, changes):
                load = await over_http(played, urls, clients, options.seconds, most)
            add(report, name, load.taken, expected, load.elapsed_s, load.server_s, load.own_s)
            report.guarantee(f"{name}: every answer has its {expected} slots", kept=load.totals == {expected})
        async with running(wire("availability", played.settings)) as wiring:
            queries = [parse_slot_query(search(group).partition("?")[2].encode()) for group in groups]
            ours = await in_process(wiring, queries, one_statement, options.seconds / 2)
            peer = await in_process(wiring, queries, one_by_one, options.seconds / 2)
        add(report, "one statement a search (no HTTP)", ours, expected, sum(ours))
        add(report, "peer: one a practitioner (no HTTP)", peer, expected, sum(peer))
        report.figures["times_faster_than_one_by_one"] = percentile(peer, 0.5) / percentile(ours, 0.5)
    return report


async def fill(played: Stage, options: argparse.Namespace) -> None:
    """Put the practitioners and their slots in."""
    values = {"practitioners": options.practitioners, "each": options.each, "cpts": played.territory.cpts}
    async with owner(played.settings) as session:
        for statement in FILL.split(";\n")[:-1]:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            await run(session, text(statement), **used)
    async with owner(played.settings) as session:
        await run(session, text("analyze availability.slot, availability.practitioner, availability.place"))


@asynccontextmanager
async def changes_of_slots(played: Stage, a_second: int) -> AsyncIterator[None]:
    """So many slots change each second, one after the other, while the context is open."""

    async def go_on() -> None:
        change = text("update availability.slot set version = version + 1 where id = :id")
        async with owner(played.settings) as session:
            ids = (await run(session, text("select id from availability.slot order by id"))).scalars().all()
        for slot_id in cycle(ids):
            async with owner(played.settings) as session:
                await run(session, change, id=slot_id)
            await asyncio.sleep(1 / a_second)

    if not a_second:
        yield
        return
    task = asyncio.create_task(go_on())
    yield
    if task.done():
        await task
    task.cancel()
    await asyncio.wait({task})


@dataclass(slots=True)
class Load:
    """What came of a load: how long each search took, how many slots came, and whose processor time it was."""

    taken: list[float] = field(default_factory=list)
    totals: set[int] = field(default_factory=set)
    elapsed_s: float = 0
    server_s: float = 0
    own_s: float = 0


async def over_http(played: Stage, urls: list[str], clients: int, seconds: float, most: int | None) -> Load:
    """Search for so many seconds, or `most` times."""
    assert played.program.process is not None
    server = psutil.Process(played.program.process.pid)
    load = Load()
    turns = islice(cycle(urls), most)
    begun, before, own = time.perf_counter(), server.cpu_times(), time.process_time()
    ending = math.inf if most else begun + seconds

    async def ask() -> None:
        async with plain_client(played.program.url) as client:
            for url in turns:
                started = time.perf_counter()
                if started >= ending:
                    return
                body = await client.get(f"/fhir{url}")
                load.taken.append(time.perf_counter() - started)
                load.totals.add(body.count(b'"resourceType":"Slot"'))

    await asyncio.gather(*(ask() for _ in range(clients)))
    after = server.cpu_times()
    load.elapsed_s, load.own_s = time.perf_counter() - begun, time.process_time() - own
    load.server_s = after.user + after.system - before.user - before.system
    return load


async def in_process(
    wiring: Wiring,
    queries: list[SlotQuery],
    how: Callable[[Wiring, SlotQuery], Awaitable[list[SlotValue]]],
    seconds: float,
) -> list[float]:
    """Search for so many seconds without HTTP, everything once before: how long each took."""
    taken: list[float] = []
    for query in queries:
        await how(wiring, query)
    ending = time.perf_counter() + seconds
    for query in cycle(queries):
        begun = time.perf_counter()
        if begun >= ending:
            break
        searchset(await how(wiring, query), query, base="https://exemple.invalid", ig=Ig.V1_2_0)
        taken.append(time.perf_counter() - begun)
    return taken


async def one_statement(wiring: Wiring, query: SlotQuery) -> list[SlotValue]:
    """What the service does."""
    return await free_slots(wiring.reader, query, AGENDA)


async def one_by_one(wiring: Wiring, query: SlotQuery) -> list[SlotValue]:
    """The naive way: the same statement for each practitioner alone."""
    found = []
    for rpps in query.rpps:
        alone = SlotQuery((rpps,), query.from_at, query.to_at, query.includes, query.count)
        found += await free_slots(wiring.reader, alone, AGENDA)
    return found


def add(
    report: Report,
    name: str,
    seconds: list[float],
    slots: int,
    elapsed: float,
    server_s: float | None = None,
    own_s: float | None = None,
) -> None:
    """A row of the table; processor times are of all its searches together."""
    milliseconds = [each * 1000 for each in seconds]
    report.row(
        name,
        len(seconds),
        slots,
        len(seconds) / elapsed,
        percentile(milliseconds, 0.5),
        percentile(milliseconds, 0.99),
        max(milliseconds),
        *(None if spent is None else spent * 1000 / len(seconds) for spent in (server_s, own_s)),
    )
