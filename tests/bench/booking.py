"""Who gets a slot when everybody wants it: `aiguillage bench booking`.

40 clients all try 200 slots, in the same order, against the running service; in the same run, on the same server, three
ways of booking in bare SQL: checking before inserting, an exclusion constraint alone, and the guarded update that the
service uses. A double booking by the service breaks a guarantee; the peers' are what the table is for.
"""

import argparse
import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import httpx
from sqlalchemy.engine import make_url

from tests.bench.racing import TABLES, Outcome, check_then_insert, exclusion_alone, guarded_update, race
from tests.bench.report import Report, percentile
from tests.bench.stage import Stage, stage

COLUMNS = ("who decides", "attempts", "won", "double-booked slots", "deadlocks", "attempts/s", "p50 ms", "p99 ms")


def main(argv: list[str]) -> int:
    """Run the race; 1 when the service books twice, or fails to book a free slot."""
    parser = argparse.ArgumentParser(prog="aiguillage bench booking", description=__doc__)
    parser.add_argument("--clients", type=int, default=40)
    parser.add_argument("--slots", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="8 slots: under 40 s")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(argv)
    slots = 8 if options.quick else options.slots
    report = asyncio.run(bench(options.clients, slots))
    return report.finish(as_json=options.json)


async def bench(clients: int, slots: int) -> Report:
    """The race, over HTTP and in bare SQL."""
    report = Report(f"booking: {clients} clients race for {slots} slots", COLUMNS)
    async with stage("serve", "availability", practitioners=1) as played:
        service = await through_the_service(played, clients=clients, slots=slots)
        peers = {
            "peer: check, then insert": check_then_insert,
            "peer: exclusion constraint alone": exclusion_alone,
            "guarded update, without the service": guarded_update,
        }
        server = dsn(played)
        await prepare(server, slots)
        outcomes = {name: await race(server, how, clients=clients, slots=slots) for name, how in peers.items()}
    add(report, "the service (HTTP, events, audit)", service)
    for name, outcome in outcomes.items():
        add(report, name, outcome)
    report.guarantee("no slot is booked twice by the service", kept=service.double_booked == 0)
    report.guarantee("every free slot is booked by someone", kept=len(service.wins) == slots)
    report.figures["ratio_to_exclusion_alone"] = rate(service) / rate(outcomes["peer: exclusion constraint alone"])
    return report


def dsn(played: Stage) -> dict[str, str]:
    """Where the race's own connections go."""
    url = make_url(played.settings.database_url.get_secret_value())
    return {
        "user": str(url.username),
        "password": str(url.password),
        "database": str(url.database),
        "host": str(url.query["host"]),
    }


async def prepare(server: dict[str, str], slots: int) -> None:
    """The peers' tables."""
    connection = await asyncpg.connect(**server)
    await connection.execute(TABLES.format(slots=slots))
    await connection.close()


async def publish(client: httpx.AsyncClient, played: Stage, slots: int) -> list[str]:
    """Publish the slots, 15 minutes each, from tomorrow on."""
    starts_at = datetime.now(UTC) + timedelta(days=1)  # noqa: TID251  a benchmark runs in real time
    order = {
        "practitioner_id": str(played.territory.practitioners[0]),
        "place_id": str(played.territory.places[0]),
        "types": ["PUBLIC"],
        "minutes": 15,
    }
    ids: list[str] = []
    for first in range(0, slots, 20):
        at = starts_at + timedelta(minutes=15 * first)
        body = {**order, "starts_at": at.isoformat(), "count": min(20, slots - first)}
        answer = (await client.post("/slots", json=body)).raise_for_status()
        ids += [slot["id"] for slot in answer.json()["slots"]]
    return ids


async def through_the_service(played: Stage, *, clients: int, slots: int) -> Outcome:
    """Every client holds every slot for a request of its own."""
    outcome = Outcome()
    headers = {"Authorization": f"Bearer {played.token}"}
    limits = httpx.Limits(max_connections=clients)
    base = f"{played.program.url}"
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60, limits=limits) as client:
        ids = await publish(client, played, slots)

        async def run() -> None:
            for number, slot in enumerate(ids, start=1):
                begun = time.perf_counter()
                answer = await client.post(f"/slots/{slot}/bookings", json={"request_id": str(uuid4())})
                outcome.seconds.append(time.perf_counter() - begun)
                if answer.status_code == httpx.codes.CREATED:
                    outcome.wins[number] = outcome.wins.get(number, 0) + 1
                elif answer.status_code != httpx.codes.CONFLICT:
                    raise RuntimeError(f"{answer.status_code}: {answer.text}")

        begun = time.perf_counter()
        await asyncio.gather(*(run() for _ in range(clients)))
        outcome.elapsed_s = time.perf_counter() - begun
    return outcome


def rate(outcome: Outcome) -> float:
    """Attempts per second."""
    return len(outcome.seconds) / outcome.elapsed_s


def add(report: Report, name: str, outcome: Outcome) -> None:
    """A row of the table."""
    report.row(
        name,
        len(outcome.seconds),
        len(outcome.wins),
        outcome.double_booked,
        outcome.deadlocks,
        rate(outcome),
        percentile(outcome.seconds, 0.5) * 1000,
        percentile(outcome.seconds, 0.99) * 1000,
    )
