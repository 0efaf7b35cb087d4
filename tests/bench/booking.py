"""What a hold, a confirmation and both at the counter take, and who gets a slot: `aiguillage bench booking`.

Against the running product and, in the same run on the same server, (a) one round trip to PostgreSQL behind a bare
FastAPI endpoint, (b) the same function by the driver alone, (c) SELECT … FOR UPDATE SKIP LOCKED, (d) checking before
inserting, with its double bookings. A double booking by the service breaks a guarantee; an aim that is missed is said.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from tests.bench.bare import FUNCTIONS
from tests.bench.doors import Door, Processor, dsn, serve_bare
from tests.bench.plain_client import PlainClient
from tests.bench.racing import (
    TABLES,
    Outcome,
    check_then_insert,
    one_round_trip,
    race,
    skip_locked,
)
from tests.bench.report import Report, percentile, progress
from tests.bench.stage import Stage, stage
from tests.builders import CPTS
from tests.statements import documented

COLUMNS = (
    "what", "attempts", "won", "twice", "attempts/s", "p50 ms", "p99 ms", "service ms", "PostgreSQL ms", "statements"
)  # fmt: skip
AIMS = {"hold": 0.5, "confirm": 0.4, "desk": 0.25}
PATIENT = {"patient": {"name": "ESSAI-PATIENT", "phone": "0600000000"}}
BATCH = 50
Outcomes = dict[str, Outcome]


def main(argv: list[str]) -> int:
    """Run everything; 1 when the service books twice, or fails to book a free slot."""
    parser = argparse.ArgumentParser(prog="aiguillage bench booking", description=__doc__)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--slots", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="12 slots")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(argv)
    slots = 12 if options.quick else options.slots
    report = asyncio.run(bench(options.clients, slots))
    return report.finish(as_json=options.json)


async def bench(clients: int, slots: int) -> Report:
    """The product, then its peers."""
    report = Report(f"booking: {clients} clients, {slots} slots", COLUMNS)
    async with stage("up", practitioners=1) as played, AsyncExitStack() as stack:
        postgres = Processor.of_postgres(played)
        product = Processor(played.program.process.pid if played.program.process else 0)
        mine = await the_product(played, clients, slots, (product, postgres))
        progress("peers")
        peers = await the_peers(stack, played, clients, slots, postgres)
    tell(report, mine, peers)
    return report


async def the_product(played: Stage, clients: int, slots: int, processors: tuple[Processor, Processor]) -> Outcomes:
    """Every part against the running product."""
    token = {"Authorization": f"Bearer {played.token}"}
    door = Door(played.program.url, "/availability", token, processors)
    async with httpx.AsyncClient(base_url=played.program.url, headers=token, timeout=60) as client:
        ids = await publish(client, played, 3 * slots + BATCH)
        raced, apart, both = ids[:slots], ids[slots : 2 * slots], ids[2 * slots : 3 * slots]
        await hold(door, clients, ids[-1:] * 8)  # every connection of the pool learns the statements
        progress("hold")
        done = {"hold": await hold(door, clients, raced)}
        progress("confirm")
        done["confirm"] = await confirm(door, clients, await held(door, apart))
        progress("at the counter")
        done["desk"] = await at_the_counter(door, clients, client, both)
        progress("batch")
        done["batch"] = await a_batch(door, ids[3 * slots : -1])
    return done


async def publish(client: httpx.AsyncClient, played: Stage, slots: int) -> list[str]:
    """Publish the slots, 10 minutes each, from tomorrow on."""
    starts_at = datetime.now(UTC) + timedelta(days=1)  # noqa: TID251  a benchmark runs in real time
    order = {
        "practitioner_id": str(played.territory.practitioners[0]),
        "place_id": str(played.territory.places[0]),
        "types": ["PUBLIC"],
        "minutes": 10,
    }
    ids: list[str] = []
    for first in range(0, slots, 60):
        at = starts_at + timedelta(minutes=10 * first)
        body = {**order, "starts_at": at.isoformat(), "count": min(60, slots - first)}
        answer = (await client.post("/availability/slots", json=body)).raise_for_status()
        ids += [slot["id"] for slot in answer.json()["slots"]]
    return ids


async def hold(door: Door, clients: int, slots: Sequence[Any]) -> Outcome:
    """Everybody wants every slot."""

    async def act(client: PlainClient, slot: Any) -> bool:
        status, body = await client.post(f"{door.base}/slots/{slot}/bookings", {"request_id": str(uuid4())})
        if status not in (201, 409):
            raise RuntimeError(f"{status}: {body}")
        return status == 201

    return await door.timed(clients, slots, act, all_of_them=True)


async def held(door: Door, slots: Sequence[Any]) -> list[str]:
    """A hold's id for each of these slots."""
    async with door.opened(1) as [client]:
        return [await held_one(door, client, slot) for slot in slots]


async def held_one(door: Door, client: PlainClient, slot: Any) -> str:
    """A hold's id."""
    order = {"request_id": str(uuid4()), "minutes": 30}
    status, body = await client.post(f"{door.base}/slots/{slot}/bookings", order)
    if status != 201:
        raise RuntimeError(f"{status}: {body}")
    return str(body["id"])


async def confirm(door: Door, clients: int, bookings: Sequence[str]) -> Outcome:
    """Each client confirms a share of the holds."""

    async def act(client: PlainClient, booking: str) -> bool:
        status, body = await client.post(f"{door.base}/bookings/{booking}/confirmation", PATIENT)
        if status != 200:
            raise RuntimeError(f"{status}: {body}")
        return True

    return await door.timed(clients, bookings, act)


async def at_the_counter(door: Door, clients: int, asking: httpx.AsyncClient, slots: Sequence[str]) -> Outcome:
    """A slot each, through matching: hold it for a request that is there already, then confirm it."""
    form = {"cpts_id": CPTS, "insee": "48095", "urgency": 4, "motive": "fever_child", "age": 4}
    asked = {}
    for slot in slots:
        asked[slot] = (await asking.post("/matching/requests", json=form)).raise_for_status().json()["id"]
    await the_replica_knows(asking, next(iter(asked.values())))

    async def act(client: PlainClient, slot: str) -> bool:
        path = f"/matching/requests/{asked[slot]}"
        status, _ = await client.post(f"{path}/hold", {"slot_id": slot})
        if status == 201:
            status, _ = await client.post(f"{path}/confirmation", {})
        return status == 200

    return await door.timed(clients, slots, act)


async def the_replica_knows(client: httpx.AsyncClient, request_id: str) -> None:
    """Wait until matching sees the slots."""
    async with asyncio.timeout(30):
        while not (await client.get(f"/matching/requests/{request_id}/options")).is_success:
            await asyncio.sleep(0.2)


async def a_batch(door: Door, slots: Sequence[str]) -> Outcome:
    """What a round decided, in one call: holds made firm at once."""
    orders = [{"slot_id": slot, "request_id": str(uuid4()), "confirm": True} for slot in slots]

    async def act(client: PlainClient, _all: str) -> bool:
        status, body = await client.post(f"{door.base}/bookings/batch", {"hold": orders})
        return status == 200 and all(each["status"] == 201 for each in body["hold"])

    outcome = await door.timed(1, ["the batch"], act)
    # One call: the time of each order is its share.
    outcome.seconds = [outcome.elapsed_s / len(orders)] * len(orders)
    return outcome


async def the_peers(stack: AsyncExitStack, played: Stage, clients: int, slots: int, postgres: Processor) -> Outcomes:
    """The same server's tables without the product around them."""
    server = dsn(played)
    connection = await asyncpg.connect(**server)
    await connection.execute(FUNCTIONS)
    fill = (
        "insert into bare.slot (id, cpts_id, starts_at)"
        " select gen_random_uuid(), '990000001', now() + interval '1 day' from generate_series(1, $1) returning id"
    )
    ids: list[UUID] = [row[0] for row in await connection.fetch(fill, 4 * slots + 1)]
    await connection.execute(TABLES)
    await connection.close()
    process, url = await serve_bare(stack, server)
    door = Door(url, "", {}, (Processor(process.pid), postgres))
    await hold(door, clients, ids[-1:] * 8)
    raced, apart, both, raw = (ids[n * slots : (n + 1) * slots] for n in range(4))
    done = {"hold": await hold(door, clients, raced)}
    done["confirm"] = await confirm(door, clients, await held(door, apart))

    async def desk(client: PlainClient, slot: UUID) -> bool:
        booking = await held_one(door, client, slot)
        status, _ = await client.post(f"/bookings/{booking}/confirmation", PATIENT)
        return status == 200

    done["desk"] = await door.timed(clients, both, desk)
    done["raw"] = await race(server, one_round_trip, clients=clients, slots=raw)
    done["skip locked"] = await race(server, skip_locked, clients=clients, slots=raw)
    done["check, then insert"] = await race(server, check_then_insert, clients=clients, slots=raw)
    return done


def tell(report: Report, mine: Outcomes, peers: Outcomes) -> None:
    """The table, the ratios, what is missed."""
    ours = documented("availability") | {f"matching: {name}": count for name, count in documented("matching").items()}
    statements = {
        "hold": ours.get("hold"),
        "confirm": ours.get("confirm, with the patient"),
        "request": ours.get("matching: request"),
        "options": ours.get("matching: options"),
    }
    for name, said in {
        "hold": "hold",
        "confirm": "confirm",
        "desk": "hold + confirm at the counter",
        "batch": f"a batch of {BATCH - 1} held and confirmed, each",
    }.items():
        add(report, said, mine[name], statements.get(name))
    for name in ("hold", "confirm", "desk"):
        add(report, f"(a) bare FastAPI: {name}", peers[name], 2 if name == "desk" else 1)
    add(report, "(b) raw asyncpg: hold", peers["raw"], 1)
    add(report, "(c) SKIP LOCKED: hold", peers["skip locked"], 3)
    add(report, "(d) check, then insert: hold", peers["check, then insert"], 2)
    ratios = {name: mine[name].rate / peers[name].rate for name in AIMS}
    doubles = sum(outcome.double_booked for outcome in mine.values())
    report.figures |= {"ratios": ratios, "statements": statements, "doubles": doubles}
    report.guarantee("no slot is booked twice by the service", kept=doubles == 0)
    report.guarantee("every free slot is booked by someone", kept=len(mine["hold"].wins) == len(peers["hold"].wins))
    report.figures["missed"] = [
        *(
            f"{name}: {ratios[name]:.2f} of the bare peer, aim {aim}"
            for name, aim in AIMS.items()
            if ratios[name] < aim
        ),
        *(f"{name}: p99 is {tail(mine[name]):.1f} times p50, aim 5" for name in AIMS if tail(mine[name]) > 5),
    ]
    for missed in report.figures["missed"]:
        print(f"missed: {missed}")


def tail(outcome: Outcome) -> float:
    """How many times the median the slowest hundredth takes."""
    return percentile(outcome.seconds, 0.99) / percentile(outcome.seconds, 0.5)


def add(report: Report, name: str, outcome: Outcome, statements: int | None) -> None:
    """A row of the table."""
    attempts = len(outcome.seconds)
    report.row(
        name,
        attempts,
        sum(outcome.wins.values()),
        outcome.double_booked,
        outcome.rate,
        percentile(outcome.seconds, 0.5) * 1000,
        percentile(outcome.seconds, 0.99) * 1000,
        outcome.processor_s[0] * 1000 / attempts or None,
        outcome.processor_s[1] * 1000 / attempts or None,
        statements,
    )
