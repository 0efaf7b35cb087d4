"""What nothing costs: `aiguillage bench idle`.

The product runs with nobody at it, with 1, 10, 50, 200 and 850 territories. Statements are counted by PostgreSQL itself
(`pg_stat_statements`), processor by the system, for the services with their workers and for PostgreSQL apart. The share
of a core counts both.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import psutil

from services.availability import orders
from services.availability.app import directory
from shared import embedded
from tests.bench.doors import dsn
from tests.bench.report import Report, progress
from tests.bench.stage import Stage, stage
from tests.builders import owner

COUNTS = (1, 10, 50, 200, 850)
COLUMNS = ("territories", "healthy after s", "statements/s", "transactions/s", "services, % of a core", "PostgreSQL, %")
AIM = 0.05
CALM_S = 4.0


def main(argv: list[str]) -> int:
    """Measure; nothing is guaranteed here, what is missed is printed."""
    parser = argparse.ArgumentParser(prog="aiguillage bench idle", description=__doc__)
    parser.add_argument(
        "--counts", default=",".join(map(str, COUNTS)), help="how many territories, one after the other"
    )
    parser.add_argument("--seconds", type=float, default=12.0, help="how long each is watched")
    parser.add_argument("--quick", action="store_true", help="up to 50 territories, 4 s each: under 40 s")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(argv)
    counts = [int(each) for each in ("1,10,50" if options.quick else options.counts).split(",")]
    report = asyncio.run(bench(counts, 4.0 if options.quick else options.seconds))
    return report.finish(as_json=options.json)


@dataclass(frozen=True, slots=True)
class Meter:
    """What was counted so far."""

    at_s: float
    statements: int
    transactions: int
    services_s: float
    postgres_s: float


async def bench(counts: Sequence[int], seconds: float) -> Report:
    """Start the product with so many territories, let it settle, watch it."""
    embedded.POSTGRES_SETTINGS |= {
        "shared_preload_libraries": "pg_stat_statements",
        "pg_stat_statements.track_utility": "on",
    }
    report = Report("idle: nobody at it", COLUMNS)
    statements, shares = dict[str, float](), dict[str, float]()
    async with stage("up", practitioners=1) as played:
        counter = await asyncpg.connect(**dsn(played))
        await counter.execute("create extension pg_stat_statements")
        for count in counts:
            progress(f"{count} territories")
            await played.program.stop()
            await declare(played, count)
            begun = time.perf_counter()
            await played.program.start()
            healthy_s = time.perf_counter() - begun
            await settled(counter, count)
            before = await read(counter, played)
            await asyncio.sleep(seconds)
            after = await read(counter, played)
            passed_s = after.at_s - before.at_s
            statements[str(count)] = (after.statements - before.statements) / passed_s
            services = (after.services_s - before.services_s) / passed_s
            postgres = (after.postgres_s - before.postgres_s) / passed_s
            shares[str(count)] = services + postgres
            transactions = (after.transactions - before.transactions) / passed_s
            report.row(count, healthy_s, statements[str(count)], transactions, 100 * services, 100 * postgres)
        await counter.close()
    report.figures |= {"statements_per_s": statements, "core_share": shares}
    most = max(shares, key=int)
    report.figures["aims"] = {f"at most {AIM:.0%} of a core at {most} territories": shares[most] <= AIM}
    return report


async def declare(played: Stage, count: int) -> None:
    """Declare territories until there are so many."""
    async with owner(played.settings) as session:
        for number in range(1, count):
            cpts = orders.Cpts(name=f"CPTS d'essai {number}", size=1, communes=["48095"])
            await directory.put_cpts(session, f"98{number:07}", cpts)


async def settled(counter: asyncpg.Connection, count: int) -> None:
    """Wait until every territory has its rounds and its readers, and the beginning is over."""
    async with asyncio.timeout(120):
        while (
            await counter.fetchval("select count(*) from matching.round_lease where until > clock_timestamp()") < count
        ):
            await asyncio.sleep(0.2)
        quiet, last = 0.0, -1
        while quiet < CALM_S:
            now = await counter.fetchval("select coalesce(sum(calls), 0) from pg_stat_statements")
            quiet = quiet + 1 if last >= 0 and now - last < 60 else 0.0
            last = now
            await asyncio.sleep(1)


async def read(counter: asyncpg.Connection, played: Stage) -> Meter:
    """Read every counter."""
    calls = await counter.fetchval("select coalesce(sum(calls), 0) from pg_stat_statements")
    done = await counter.fetchval(
        "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
    )
    assert played.program.process is not None
    services = psutil.Process(played.program.process.pid)
    servers = [each for each in psutil.Process().children(recursive=True) if each.name().startswith("postgres")]
    return Meter(
        at_s=datetime.now(UTC).timestamp(),  # noqa: TID251  a benchmark runs in real time
        statements=int(calls),
        transactions=int(done),
        services_s=sum(map(used_s, [services, *services.children(recursive=True)])),
        postgres_s=sum(map(used_s, servers)),
    )


def used_s(process: psutil.Process) -> float:
    """The processor a process used."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
