"""What the database itself refuses to the service's own role, whatever the code above it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.sweeper import sweep
from shared.auth import Role
from shared.db import Scope, run, set_scope
from shared.http.parts import read_parts
from shared.settings import Settings
from shared.wiring import Wiring, running, wire
from tests.builders import CPTS, NEIGHBOUR, Service, Territory, a_hold, a_slot, a_territory, owner
from tests.statements import rows_changed

TERRITORIAL = (
    "membership", "schedule", "practice", "panel", "opening", "absence", "slot", "booking", "booking_change", "ledger",
    "event",
)  # fmt: skip
ABSENCE = "'2026-12-01Z', '2026-12-02Z'"


@asynccontextmanager
async def as_service(service: Service, *cpts: str, own: UUID | None = None) -> AsyncIterator[AsyncSession]:
    """A transaction of the service's role, bound to some CPTS and, perhaps, to one practitioner."""
    async with read_parts(service.app)[Wiring].open_session() as session:
        await set_scope(session, Scope(frozenset(cpts), None if own is None else frozenset({str(own)})))
        yield session


async def count(session: AsyncSession, table: str) -> int:
    rows: int = (await run(session, text(f"select count(*) from availability.{table}"))).scalar_one()
    return rows


@pytest.fixture
async def slot_id(service: Service, territory: Territory) -> UUID:
    """A confirmed booking in a slot, and one row of everything else."""
    matching = await service.machine()
    slot = await a_slot(matching, territory)
    held = await a_hold(matching, slot)
    await matching.post(f"/bookings/{held['id']}/confirmation")
    async with owner(service.settings) as session:
        who, where = territory.practitioners[0], territory.places[0]
        for statement in (
            "insert into availability.practice values (:who, false, null, 60)",
            "insert into availability.panel values (:who, 3, '{}', 0, 130, 0, false, common.now())",
            f"insert into availability.absence values (gen_random_uuid(), :who, {ABSENCE})",
        ):
            await run(session, text(statement), who=who)
        opening = """
        insert into availability.opening (
            id, cpts_id, practitioner_id, place_id, capacity, modes, types, audience, acts, min_age, max_age,
            appointment, weekdays, from_time, to_time, minutes, first_day, on_public_holidays
        ) values (
            gen_random_uuid(), :cpts, :who, :place, 1, '{AMB}', '{CPTS}', array[:cpts], '{}', 0, 130,
            'ROUTINE', '{1}', '9:00', '12:00', 15, '2030-01-01', false
        )"""
        await run(session, text(opening), who=who, place=where, cpts=CPTS)
    return UUID(slot["id"])


@pytest.mark.parametrize("table", TERRITORIAL)
async def test_no_scope_sees_no_row_and_the_neighbour_sees_none_either(
    service: Service, slot_id: UUID, table: str
) -> None:
    async with as_service(service) as session:
        assert await count(session, table) == 0
    async with as_service(service, NEIGHBOUR) as session:
        assert await count(session, table) == 0
    async with as_service(service, CPTS) as session:
        assert await count(session, table) > 0


@pytest.mark.parametrize("table", TERRITORIAL)
async def test_security_is_forced_on_every_territorial_table(service: Service, table: str) -> None:
    async with owner(service.settings) as session:
        flags = text("select relrowsecurity, relforcerowsecurity from pg_class where oid = cast(:name as regclass)")
        row = (await run(session, flags, name=f"availability.{table}")).one()
        assert tuple(row) == (True, True)


@pytest.mark.parametrize(
    ("statement", "own"),
    [
        ("insert into availability.membership values (:who, '990000001', common.now())", None),
        (f"insert into availability.absence values (gen_random_uuid(), :who, {ABSENCE})", "other"),
    ],
)
async def test_a_row_of_another_territory_or_person_cannot_be_inserted(
    service: Service, territory: Territory, statement: str, own: str | None
) -> None:
    cpts, bound = (CPTS, territory.practitioners[1]) if own else (NEIGHBOUR, None)

    async def insert() -> None:
        async with as_service(service, cpts, own=bound) as session:
            await run(session, text(statement), who=territory.practitioners[0])

    with pytest.raises(ProgrammingError, match="row-level security"):
        await insert()


@pytest.mark.parametrize(
    "statement",
    [
        "update availability.slot set capacity = 2",
        "update availability.slot set practitioner_id = cast(:thief as uuid)",
        "update availability.booking set state = 'cancelled'",
        "update availability.practice set paused = true",
        "delete from availability.absence",
    ],
)
async def test_a_practitioner_cannot_write_anothers_rows_even_in_raw_sql(
    service: Service, territory: Territory, slot_id: UUID, statement: str
) -> None:
    one, other = territory.practitioners
    thief = {"thief": other} if ":thief" in statement else {}
    async with as_service(service, CPTS, own=other) as session:
        assert await rows_changed(session, statement, **thief) == 0
    if not thief:
        async with as_service(service, CPTS, own=one) as session:
            assert await rows_changed(session, statement) == 1


async def test_a_colleague_does_not_see_how_many_patients_one_takes(
    service: Service, territory: Territory, slot_id: UUID
) -> None:
    async with as_service(service, CPTS, own=territory.practitioners[1]) as session:
        assert await count(session, "panel") == 0


@pytest.mark.parametrize(
    "change", ["update availability.booking_change set by = 'x'", "delete from availability.booking_change"]
)
async def test_history_is_never_rewritten(service: Service, slot_id: UUID, change: str) -> None:
    async with as_service(service, "*") as session:
        assert await rows_changed(session, change) == 0


async def test_a_slot_shown_to_two_territories_is_seen_and_taken_from_both(
    service: Service, territory: Territory
) -> None:
    await a_territory(service.settings, NEIGHBOUR)
    matching = await service.machine()
    slot = await a_slot(matching, territory, audience=[NEIGHBOUR])
    assert slot["audience"] == [CPTS, NEIGHBOUR]
    pharmacist = await service.person(Role.PHARMACIST, cpts=[NEIGHBOUR])
    held = await a_hold(pharmacist, slot)
    assert (await pharmacist.post(f"/bookings/{held['id']}/confirmation")).status_code == 200
    there = (await pharmacist.get("/live/snapshot", params={"cpts": NEIGHBOUR})).json()["state"]
    assert there["slots"][slot["id"]]["taken"] == 1
    assert str(territory.practitioners[0]) in there["practitioners"]
    assert str(territory.places[0]) in there["places"]
    private = await a_slot(matching, territory, 1)
    assert (await pharmacist.get(f"/slots/{private['id']}")).status_code == 404
    refused = await pharmacist.get("/live/snapshot", params={"cpts": CPTS})
    assert refused.status_code == 403


async def test_a_practitioner_never_touches_anothers_slots(service: Service, territory: Territory) -> None:
    slot = await a_slot(await service.machine(), territory)
    other = await service.person(Role.PRACTITIONER, territory.practitioners[1])
    delegate = await service.person(Role.DELEGATE, *territory.practitioners)
    for method, path, body in (
        ("PATCH", f"/slots/{slot['id']}", {"capacity": 2}),
        ("POST", f"/slots/{slot['id']}/withdrawal", {"reason": "x"}),
        ("POST", f"/slots/{slot['id']}/give-back", None),
        ("POST", f"/slots/{slot['id']}/overbookings", {"reason": "x"}),
        ("POST", f"/slots/{slot['id']}/bookings", {"request_id": "r1"}),
        ("PUT", f"/practitioners/{territory.practitioners[0]}/settings", {}),
        ("PUT", f"/practitioners/{territory.practitioners[0]}/panel", {"places": 3}),
        ("GET", f"/practitioners/{territory.practitioners[0]}/panel", None),
    ):
        answer = await other.request(method, path, json=body)
        assert answer.status_code == 403, path
    assert (await delegate.patch(f"/slots/{slot['id']}", json={"capacity": 2})).status_code == 200


async def test_nobody_gets_in_without_signing_in(service: Service, territory: Territory) -> None:
    async with service.anyone() as stranger:
        for path in (f"/directory?cpts={CPTS}", f"/live/snapshot?cpts={CPTS}", "/openings"):
            assert (await stranger.get(path)).status_code in {401, 422}
        assert (await stranger.get("/health")).json() == {"status": "ok"}


async def test_what_fails_for_one_cpts_is_done_for_the_others_and_is_not_hidden(settings: Settings) -> None:
    swept: list[str] = []

    async def step(_session: AsyncSession, cpts_id: str) -> None:
        if cpts_id == CPTS:
            raise ArithmeticError
        swept.append(cpts_id)

    for cpts in (CPTS, NEIGHBOUR):
        await a_territory(settings, cpts, practitioners=1)
    async with running(wire("availability", settings)) as wiring:
        with pytest.raises(ArithmeticError):
            await sweep(wiring, [step])
    assert swept == [NEIGHBOUR]
