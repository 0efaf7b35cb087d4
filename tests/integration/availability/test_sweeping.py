"""Time's work is found by one look, and a step that fails keeps nothing else from being done."""

from datetime import timedelta

from sqlalchemy import text

from services.availability.reads.due import due_territories
from services.availability.sweeper import Sweeper
from shared.auth import Role
from shared.db import Scope, run, set_scope
from shared.db.clock import PARIS
from shared.http.parts import read_parts
from shared.settings import Settings
from shared.wiring import Wiring
from tests.builders import (
    CPTS,
    MORNING,
    NEIGHBOUR,
    Service,
    Territory,
    a_hold,
    a_slot,
    a_territory,
    availability,
    owner,
    show,
)

BROKEN = (
    "create function availability.refuse() returns trigger language plpgsql as"
    " $$ begin raise exception 'as a bug would'; end $$",
    "create trigger refuse before update on availability.slot for each row"
    f" when (new.status = 'given_back' and new.cpts_id = '{CPTS}') execute function availability.refuse()",
)


async def due(service: Service) -> list[str]:
    """Where something is due now."""
    wiring = read_parts(service.app)[Wiring]
    async with wiring.open_session() as session:
        await set_scope(session, Scope(frozenset({"*"})))
        now = (await run(session, text("select common.now()"))).scalar_one()
        today = now.astimezone(PARIS).date()
        found, _ = await due_territories(session, now, over=now - timedelta(days=1), today=today, last=today)
        return found


async def nobody_waits(service: Service, *cpts: str) -> None:
    """What matching says when nobody could take a slot: without it, an empty slot is kept."""
    machine = await service.machine()
    for each in cpts:
        assert (await machine.put(f"/cpts/{each}/wanted-slots", json={"slot_ids": []})).status_code == 204


async def a_day(service: Service, territory: Territory) -> dict[str, str]:
    """A slot that is held, and another one that goes back to its practitioner."""
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0], cpts=(territory.cpts,))
    starts_at = MORNING + timedelta(hours=2)
    other = await a_slot(doctor, territory, starts_at=starts_at.isoformat(), give_back_minutes=60)
    first = await a_slot(doctor, territory, starts_at=(starts_at + timedelta(hours=1)).isoformat())
    booking = await a_hold(await service.machine(), first)
    return {"held": booking["id"], "back": other["id"]}


async def state(settings: Settings, table: str, column: str, key: str) -> str:
    """One value of a row."""
    async with owner(settings) as session:
        found = await run(
            session, text(f"select {column} from availability.{table} where id = cast(:key as uuid)"), key=key
        )
        return str(found.scalar_one())


async def test_nothing_is_due_until_it_is(settings: Settings) -> None:
    async with availability(settings, sweeps=False) as service:
        await a_day(service, await a_territory(settings))
        assert await due(service) == []
        await show(settings, MORNING + timedelta(minutes=4))
        assert await due(service) == [CPTS]
        await Sweeper(read_parts(service.app)[Wiring]).turn()
        assert await due(service) == []
        await show(settings, MORNING + timedelta(minutes=61))
        assert await due(service) == [CPTS]
        await nobody_waits(service, CPTS)
        await Sweeper(read_parts(service.app)[Wiring]).turn()
        assert await due(service) == []


async def test_a_step_that_fails_keeps_neither_the_next_nor_another_territory_and_is_shown(settings: Settings) -> None:
    async with availability(settings, sweeps=False) as service:
        ours = await a_day(service, await a_territory(settings))
        theirs = await a_day(service, await a_territory(settings, NEIGHBOUR))
        async with owner(settings) as session:
            for statement in BROKEN:
                await (await session.connection()).exec_driver_sql(statement)
        await show(settings, MORNING + timedelta(minutes=61))
        await nobody_waits(service, CPTS, NEIGHBOUR)
        await Sweeper(read_parts(service.app)[Wiring]).turn()
        assert await state(settings, "booking", "state", ours["held"]) == "expired"
        assert await state(settings, "slot", "status", ours["back"]) == "published"
        assert await state(settings, "booking", "state", theirs["held"]) == "expired"
        assert await state(settings, "slot", "status", theirs["back"]) == "given_back"
        ill = await service.anyone().get("/health")
        assert (ill.status_code, ill.json()["tasks"]) == (503, [f"availability: give_back {CPTS}"])
        async with owner(settings) as session:
            await run(session, text("drop trigger refuse on availability.slot"))
        await Sweeper(read_parts(service.app)[Wiring]).turn()
        well = await service.anyone().get("/health", params={"steps": "1"})
        assert well.status_code == 200
        assert {"availability: give_back", "availability: expire"} <= well.json()["steps"].keys()
        assert await state(settings, "slot", "status", ours["back"]) == "given_back"
