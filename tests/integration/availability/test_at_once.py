"""What machines do without a lock: the version of the slot decides, whoever else is at it, in whatever process."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import httpx
from sqlalchemy import text

from services.availability.app.at_once import MachineHands
from services.availability.app.places import WantedPlace
from shared.auth import Role, admit_machine
from shared.contracts import BookingView
from shared.db import run
from shared.http.parts import read_parts
from shared.refusals import Refusal
from shared.wiring import Wiring
from tests.builders import CPTS, Service, Territory, a_slot, owner
from tests.statements import counted

TOKEN = "a token of one more process"
EVENTS = text(
    "select seq, body ->> 'type' as type, (body -> 'value' ->> 'version')::int as version from availability.event"
    " where cpts_id = :cpts and body ->> 'id' = :slot order by seq"
)
COUNTED = text("""
select l.served_4_weeks, (select count(*) from availability.booking where state = 'confirmed') as confirmed
from availability.ledger l where l.cpts_id = :cpts
""")


async def decide(at_once: Awaitable[BookingView | None], with_lock: Callable[[], Awaitable[httpx.Response]]) -> str:
    """The code of the refusal, or nothing: at once, else, where others were quicker too often, with the slot's lock."""
    try:
        if await at_once:
            return ""
    except Refusal as refusal:
        return refusal.code
    return code_of(await with_lock())


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal over the API, or nothing."""
    return str(answer.json().get("code", ""))


async def test_processes_and_people_who_race_for_a_slot_have_each_place_once_and_tell_it_in_order(
    service: Service, territory: Territory
) -> None:
    machine, regulator = await service.machine(), await service.person(Role.REGULATOR)
    wiring = read_parts(service.app)[Wiring]
    async with owner(service.settings) as session:
        await admit_machine(session, "process", TOKEN, ["*"])
    slot = await a_slot(machine, territory, capacity=5)
    processes = [MachineHands(wiring.direct, wiring.vault) for _ in range(4)]

    async def hold(who: httpx.AsyncClient, name: str) -> httpx.Response:
        return await who.post(f"/slots/{slot['id']}/bookings", json={"request_id": name})

    def at_once(number: int) -> Awaitable[str]:
        wanted = WantedPlace(UUID(slot["id"]), f"r{number}", timedelta(minutes=3))
        return decide(processes[number % 4].hold(TOKEN, wanted), partial(hold, machine, wanted.request_id))

    async def by_hand(number: int) -> str:
        return code_of(await hold(regulator, f"p{number}"))

    codes = await asyncio.gather(*(at_once(each) for each in range(12)), *(by_hand(each) for each in range(3)))
    assert sorted(codes) == [""] * 5 + ["slot_unavailable"] * 10
    bookings = (await machine.get(f"/slots/{slot['id']}")).json()["bookings"]
    assert len(bookings) == 5
    ids = [UUID(each["id"]) for each in bookings]
    firm = [
        decide(
            processes[n % 4].confirm(TOKEN, ids[n % 5], None),
            partial(machine.post, f"/bookings/{ids[n % 5]}/confirmation"),
        )
        for n in range(10)
    ]
    assert await asyncio.gather(*firm) == [""] * 10
    async with owner(service.settings) as session:
        told = (await run(session, EVENTS, cpts=CPTS, slot=slot["id"])).all()
        ledger = (await run(session, COUNTED, cpts=CPTS)).one()
    assert [row.version for row in told] == list(range(1, 12))
    assert [row.type for row in told] == ["slot_published.v1", *["slot_held.v1"] * 5, *["booking_confirmed.v1"] * 5]
    assert ledger.served_4_weeks == ledger.confirmed == 5


async def test_a_token_that_was_withdrawn_ends_at_once(service: Service, territory: Territory) -> None:
    slot = await a_slot(await service.machine(), territory)
    async with owner(service.settings) as session:
        await admit_machine(session, "leaving", TOKEN, ["*"])
    leaving = {"Authorization": f"Bearer {TOKEN}"}
    path, client = f"/slots/{slot['id']}/bookings", service.anyone()
    assert (await client.post(path, json={"request_id": "r1"}, headers=leaving)).status_code == 201
    async with owner(service.settings) as session:
        await run(session, text("delete from common.machine where name = 'leaving'"))
    assert (await client.post(path, json={"request_id": "r1"}, headers=leaving)).status_code == 401


async def test_a_crowd_at_one_slot_asks_the_database_a_few_times_and_each_gets_its_own_answer(
    service: Service, territory: Territory
) -> None:
    machine, wiring = await service.machine(), read_parts(service.app)[Wiring]
    async with owner(service.settings) as session:
        await admit_machine(session, "process", TOKEN, ["*"])
    slot = UUID((await a_slot(machine, territory, capacity=2))["id"])
    hands = MachineHands(wiring.direct, wiring.vault)

    async def hold(name: str, token: str = TOKEN) -> str:
        try:
            found = await hands.hold(token, WantedPlace(slot, name, timedelta(minutes=3)))
        except Refusal as refusal:
            return refusal.code
        return found.id if found else "not ours"

    with counted(wiring.engine) as sent:
        names = ["a", "b", "a", *(f"late {n}" for n in range(20)), "b"]
        answers = await asyncio.gather(*map(hold, names), hold("a", "no token of ours"))
    assert answers[0] == answers[2]
    assert answers[1] == answers[-2] != answers[0]
    assert answers[3:-2] == ["slot_unavailable"] * 20
    assert answers[-1] == "not ours"
    # Two looks and two writes, a look that says the slot is full to all who had come by then, one for the stranger.
    assert len(sent) <= 7
