"""A database without room left says so, to who asks and to who looks after it; all goes on once it has some."""

import asyncio
from typing import Any

from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import owner
from tests.towns import Town, a_request

FULL = """
create function public.no_room() returns trigger language plpgsql as
$$ begin raise exception using errcode = 'disk_full', message = 'could not extend file'; end $$
"""
"""PostgreSQL raises the same when its disk is full."""


async def fill(town: Town, *tables: str) -> None:
    async with owner(town.settings) as session:
        await run(session, text(FULL))
        for table in tables:
            spoil = f"create trigger no_room before insert or update on {table} for each row execute function no_room()"
            await run(session, text(spoil))


async def free(town: Town) -> None:
    async with owner(town.settings) as session:
        await run(session, text("drop function public.no_room() cascade"))


async def test_who_asks_is_told_and_nothing_is_half_written(town: Town) -> None:
    slot = await town.slot()
    asker, machine = await town.person(Role.REGULATOR), await town.machine()
    await fill(town, "availability.booking", "matching.request")
    refused: list[Any] = [
        await asker.client.post("/requests", json=a_request()),
        await machine.post(f"/slots/{slot['id']}/bookings", json={"request_id": "r"}),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (503, "database_full"), answer.text
        assert "plus de place" in answer.json()["detail"]
        assert answer.headers["retry-after"] == "30"
    await free(town)
    assert (await asker.client.post("/requests", json=a_request())).status_code == 201
    assert (await machine.post(f"/slots/{slot['id']}/bookings", json={"request_id": "r"})).status_code == 201


async def test_health_says_it_while_it_lasts(town: Town) -> None:
    asker = await town.person(Role.REGULATOR)
    await fill(town, "matching.round_lease")

    async def health() -> dict[str, Any]:
        found: dict[str, Any] = (await asker.client.get("/health")).json()
        return found

    async with asyncio.timeout(20):
        while (found := await health()).get("code") != "database_full":
            await asyncio.sleep(0.05)
    assert "DatabaseFull" in found["why"]
    await free(town)
    async with asyncio.timeout(60):
        while (await health()).get("status") != "ok":
            await asyncio.sleep(0.05)
