"""What a year of a size-3 CPTS costs the coordination service: `aiguillage bench coordination`.

The raw events of a drawn year stand in the logs of both services; coordination hears them from the beginning, then its
reports are asked for, the first time (facts read from the base) and again (nothing new was heard).
"""

import argparse
import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from services.availability import orders
from services.availability.app import directory
from shared.auth import Role
from shared.db.store.clock import set_clock
from tests.bench.report import Report, progress
from tests.bench.stage import Stage, stage
from tests.builders import owner
from tests.towns import signed_in
from tests.year import a_year, owner_dsn, write_logs

YEAR = "990000777"
DAYS = {"cpts": YEAR, "since": "2026-01-01", "until": "2026-12-31"}
COLUMNS = ("what", "seconds", "aim", "kept")
AIMS = {"hear the year from the logs": 60.0, "dossier": 10.0}
REPORT_AIM = 2.0
SIZE_3 = 36_000
"""Requests a year: a hundred a day for about 100,000 inhabitants."""


def main(argv: list[str]) -> int:
    """Measure; what is missed is printed."""
    parser = argparse.ArgumentParser(prog="aiguillage bench coordination", description=__doc__)
    parser.add_argument("--requests", type=int, default=SIZE_3, help="how many requests the year has")
    parser.add_argument("--quick", action="store_true", help="3,000 requests: under a minute")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(argv)
    report = asyncio.run(bench(3_000 if options.quick else options.requests))
    return report.finish(as_json=options.json)


async def bench(requests: int) -> Report:
    """Play the year, then ask for each report."""
    report = Report(f"coordination: a year of {requests} requests", COLUMNS)
    environ = {"AIGUILLAGE_EVENT_HISTORY_HOURS": str(24 * 800)}
    async with stage("up", practitioners=1, environ=environ) as played:
        await played.program.stop()
        events = await lay(played, requests)
        began = time.perf_counter()
        await played.program.start()
        person = await signed_in(
            played.settings, Role.COORDINATOR, cpts=YEAR, base_url=f"{played.program.url}/coordination", timeout=120
        )
        async with person.client as client:
            progress(f"hearing {events} events")
            await heard(client, requests)
            note(report, "hear the year from the logs", time.perf_counter() - began)
            await played.program.stop()
            await played.program.start()
            for again in ("", " again"):
                for path in ("/figures", "/figures/table", "/contract", "/level"):
                    note(report, f"GET {path}{again}", await timed(client, "GET", path, params=DAYS))
            note(report, "list behind a figure", await timed(client, "GET", "/figures/behind", params=behind()))
            body = {"cpts_id": YEAR, "since": DAYS["since"], "until": DAYS["until"]}
            note(report, "dossier", await timed(client, "POST", "/dossiers", json=body))
    report.figures |= {"events": events, "requests": requests}
    return report


def behind() -> dict[str, str]:
    """The longest list."""
    return {**DAYS, "formula": "requests"}


async def lay(played: Stage, requests: int) -> int:
    """Write the year into the logs; how many events it has."""
    progress("drawing the year")
    events = a_year(seed=1, requests=requests)
    async with owner(played.settings) as session:
        await set_clock(session, shows=datetime(2026, 12, 31, 12, tzinfo=UTC), speed=1)
        await directory.put_cpts(session, YEAR, orders.Cpts(name="CPTS d'une année", size=3, communes=["48095"]))
    await write_logs(owner_dsn(played.settings), YEAR, events)
    return len(events)


async def heard(client: httpx.AsyncClient, requests: int) -> None:
    """Wait until every request, place and entry of the year is counted twice the same."""
    before: list[Any] = []
    while True:
        await asyncio.sleep(1)
        answer = await client.get("/figures", params=DAYS)
        found = [(each["code"], each["value"]) for each in answer.raise_for_status().json()]
        asked = dict(found)["requests"] or 0
        if found == before and asked > 0.9 * requests:
            return
        before = found


async def timed(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> float:
    """How long one answer takes, seconds."""
    began = time.perf_counter()
    (await client.request(method, path, **more)).raise_for_status()
    return time.perf_counter() - began


def note(report: Report, what: str, seconds: float) -> None:
    """One line, and whether its aim is kept."""
    aim = AIMS.get(what, REPORT_AIM)
    report.rows.append(
        dict(zip(COLUMNS, (what, round(seconds, 2), aim, "yes" if seconds < aim else "MISSED"), strict=True))
    )
    report.figures[what] = round(seconds, 3)
