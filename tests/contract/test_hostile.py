"""Thousands of requests that no honest client sends: never a fault of ours, nothing of them in a log, all goes on.

`AIGUILLAGE_HOSTILE=3000` asks so many of each service instead of what the gate does;
`-rP` shows how many were answered what.
"""

import io
import os
import sys
from collections import Counter
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import structlog

from shared.auth import Role
from shared.running.telemetry import configure_logging
from shared.settings import Settings
from tests.builders import CPTS, MORNING, show
from tests.contract.hostile import CANARY, Asked, Hostile
from tests.towns import Town, a_request, a_town, with_communes

COUNT = int(os.environ.get("AIGUILLAGE_HOSTILE", "500"))
SEED = 20261126
ROLES = (Role.COORDINATOR, Role.ADMIN, Role.PHARMACIST, Role.PRACTITIONER)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged meanwhile, as a service logs it."""
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    structlog.reset_defaults()


async def clients_of(town: Town, service: str) -> list[httpx.AsyncClient]:
    """A client of each role, and a machine's."""
    own = {Role.PRACTITIONER: town.territory.practitioners[:1]}
    people = [await town.person(role, *own.get(role, ()), at=service) for role in ROLES]
    return [await town.machine(service), *(person.client for person in people)]


async def ask(client: httpx.AsyncClient, asked: Asked) -> httpx.Response:
    headers = [(name.encode(), value.encode()) for name, value in asked.headers.items()]
    return await client.request(asked.method, asked.path, content=asked.body, headers=headers)


async def test_hostile_requests_get_no_fault_leave_nothing_in_the_log_and_stop_nothing(
    settings: Settings,
    log: io.StringIO,
    capfd: pytest.CaptureFixture[str],
) -> None:
    await show(await with_communes(settings), MORNING)
    async with a_town(settings) as town:
        slot = await town.slot()
        pharmacist = (await town.person(Role.PHARMACIST)).client
        request = (await pharmacist.post("/requests", json=a_request())).json()
        ids = [str(each) for each in (*town.territory.practitioners, *town.territory.places)]
        ids += [slot["id"], request["id"]]
        answers: Counter[tuple[str, int]] = Counter()
        faults: list[str] = []
        for service in ("availability", "matching", "coordination"):
            clients = await clients_of(town, service)
            openapi = (await clients[0].get("/openapi.json")).json()
            hostile = Hostile(openapi, ids, CPTS, np.random.default_rng(SEED))
            for number, asked in enumerate(hostile.requests(COUNT)):
                answer = await ask(clients[number % len(clients)], asked)
                answers[service, answer.status_code] += 1
                if answer.status_code >= 500:
                    faults.append(f"{service} {asked.sent}: {answer.text[:200]}")
        async with httpx.AsyncClient(base_url=town.settings.public_url, timeout=30) as anyone:
            healthy = await anyone.get("/health")
    said = log.getvalue() + capfd.readouterr().err
    sys.stdout.write(f"answers: {dict(sorted(answers.items()))}\n")
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:20]) + "\n" + said[-3000:]
    assert CANARY not in said, said[max(0, said.index(CANARY) - 1500) : said.index(CANARY) + 500]
    assert healthy.status_code == 200, healthy.text
    refused = sum(count for (_, status), count in answers.items() if status in (400, 413, 422))
    done = sum(count for (_, status), count in answers.items() if status < 300)
    assert refused > COUNT / 2
    assert done > COUNT / 25
