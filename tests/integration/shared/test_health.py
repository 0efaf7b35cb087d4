"""What a service says of itself: its database, and every task that must run behind it."""

import asyncio

import httpx
from pydantic import SecretStr

from services.installation import pages
from shared.settings import Settings
from tests.builders import CPTS, MORNING, show
from tests.towns import a_town

BEHIND = {
    "doorbell",
    "live heartbeat",
    "live sessions",
    "live reader " + CPTS,
    "sweeper",
    "agendas",
    "notices",
    "territories",
    "slots of " + CPTS,
    "rounds " + CPTS,
    "attachment calendar",
    "coordination",
    "facts",
    "levels",
    "facts of availability " + CPTS,
    "facts of matching " + CPTS,
}
READERS = 2
"""The streams of a CPTS that are read: those of availability and of matching, which coordination follows."""


def behind() -> dict[str, list[asyncio.Task[object]]]:
    """The tasks that run behind the services, by name."""
    found: dict[str, list[asyncio.Task[object]]] = {}
    for task in asyncio.all_tasks():
        if task.get_name() in BEHIND:
            found.setdefault(task.get_name(), []).append(task)
    return found


async def test_every_task_that_dies_makes_the_service_unfit_until_it_runs_again(settings: Settings) -> None:
    await show(settings, MORNING)
    async with a_town(settings) as town, httpx.AsyncClient(base_url=town.settings.public_url, timeout=30) as client:
        async with asyncio.timeout(20):
            while behind().keys() != BEHIND or len(behind()["live reader " + CPTS]) < READERS:
                await asyncio.sleep(0.02)
        before = behind()
        assert (await client.get("/health")).json() == {"status": "ok"}
        for task in (each for tasks in before.values() for each in tasks):
            task.cancel()
        ill = await client.get("/health")
        assert (ill.status_code, ill.json()["code"]) == (503, "unfit")
        assert (await client.get("/matching/health")).status_code == 503
        named: set[str] = set()
        async with asyncio.timeout(20):  # a round leaves its lease before it goes
            while named != BEHIND:
                tasks = (await client.get("/health")).json().get("tasks", [])
                named |= {task.partition(": ")[2] for task in tasks}
        async with asyncio.timeout(20):
            while (await client.get("/health")).status_code != httpx.codes.OK:
                await asyncio.sleep(0.05)
        after = behind()
        assert {name: len(tasks) for name, tasks in after.items()} == {name: len(each) for name, each in before.items()}
        assert not any(task in before[name] for name, tasks in after.items() for task in tasks)
        slot = await town.slot()
        assert slot["status"] == "published"


async def test_pages_whose_database_is_away_are_unfit(settings: Settings) -> None:
    away = settings.model_copy(update={"database_url": SecretStr("postgresql+asyncpg://nobody@127.0.0.1:1/none")})
    app = pages.build(away)  # its lifespan would not begin; the question alone is asked
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://pages") as client:
        answer = await client.get("/health")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
