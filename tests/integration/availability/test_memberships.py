"""A practitioner joins a CPTS because they, or their own, said yes; what one CPTS does touches its own slots."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import CPTS, MORNING, NEIGHBOUR, Service, Territory, a_hold, a_slot, a_territory, owner

PATIENT = {"patient": {"name": "Camille EXEMPLE"}}


@pytest.fixture
async def neighbour(service: Service) -> Territory:
    """Another CPTS, with people of its own."""
    return await a_territory(service.settings, NEIGHBOUR)


def membership(practitioner: UUID, cpts: str = CPTS) -> str:
    return f"/practitioners/{practitioner}/memberships/{cpts}"


async def members(service: Service, practitioner: UUID) -> set[str]:
    async with owner(service.settings) as session:
        query = text("select cpts_id from availability.membership where practitioner_id = :id")
        return set((await run(session, query, id=practitioner)).scalars())


async def test_an_admin_who_enrols_somebody_elses_practitioner_only_asks(
    service: Service, territory: Territory, neighbour: Territory
) -> None:
    theirs = neighbour.practitioners[0]
    admin = await service.person(Role.ADMIN)
    asked = await admin.put(membership(theirs), json={})
    assert (asked.status_code, asked.json()) == (202, {"state": "asked"})
    assert await members(service, theirs) == {NEIGHBOUR}
    paused = await admin.put(f"/practitioners/{theirs}/settings", json={"paused": True})
    assert paused.status_code == 403
    placed = await admin.put(f"/practitioners/{theirs}/schedules/{territory.places[0]}/{CPTS}")
    assert (placed.status_code, placed.json()["code"]) == (403, "not_a_member")
    alone = await admin.post(f"{membership(theirs)}/acceptance")
    assert alone.status_code == 403
    assert await members(service, theirs) == {NEIGHBOUR}


@pytest.mark.parametrize("by", ["practitioner", "their CPTS"])
async def test_the_person_or_their_own_cpts_says_yes(
    service: Service, territory: Territory, neighbour: Territory, by: str
) -> None:
    theirs = neighbour.practitioners[0]
    await (await service.person(Role.ADMIN)).put(membership(theirs), json={"joined_at": "2026-01-01T00:00:00Z"})
    role, own = (Role.PRACTITIONER, (theirs,)) if by == "practitioner" else (Role.ADMIN, ())
    person = await service.person(role, *own, cpts=(NEIGHBOUR,))
    (waiting,) = (await person.get("/membership-asks")).json()
    assert (waiting["practitioner_id"], waiting["cpts_id"]) == (str(theirs), CPTS)
    assert (await person.post(f"{membership(theirs)}/acceptance")).status_code == 204
    assert await members(service, theirs) == {CPTS, NEIGHBOUR}
    assert (await person.get("/membership-asks")).json() == []
    assert (await person.post(f"{membership(theirs)}/acceptance")).status_code == 404
    async with owner(service.settings) as session:
        rows = await run(session, text("select cpts_id, after from common.setting_change where what = 'membership'"))
        assert [(row.cpts_id, row.after) for row in rows] == [
            (CPTS, {"asked": True}),
            (CPTS, {"asked": False, "member": True}),
        ]


async def test_no_leaves_everything_as_it_was_and_a_stranger_is_not_asked(
    service: Service, territory: Territory, neighbour: Territory
) -> None:
    theirs = neighbour.practitioners[0]
    await (await service.person(Role.ADMIN)).put(membership(theirs), json={})
    colleague = await service.person(Role.PRACTITIONER, neighbour.practitioners[1], cpts=(NEIGHBOUR,))
    assert (await colleague.get("/membership-asks")).json() == []
    assert (await colleague.post(f"{membership(theirs)}/acceptance")).status_code == 403
    doctor = await service.person(Role.PRACTITIONER, theirs, cpts=(NEIGHBOUR,))
    assert (await doctor.post(f"{membership(theirs)}/refusal")).status_code == 204
    assert await members(service, theirs) == {NEIGHBOUR}


async def of_both(service: Service, neighbour: Territory) -> tuple[UUID, dict[str, Any]]:
    """Somebody of both CPTS, with a slot in the neighbour's."""
    theirs = neighbour.practitioners[0]
    async with owner(service.settings) as session:
        joined = text("insert into availability.membership values (:id, :cpts, common.now())")
        await run(session, joined, id=theirs, cpts=CPTS)
    doctor = await service.person(Role.PRACTITIONER, theirs, cpts=(NEIGHBOUR,))
    return theirs, await a_slot(doctor, neighbour)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMIN])
async def test_one_cpts_decides_nothing_for_somebody_who_works_for_another_too(
    service: Service, territory: Territory, neighbour: Territory, role: Role
) -> None:
    theirs, slot = await of_both(service, neighbour)
    person = await service.person(role)
    away = {
        "practitioner_id": str(theirs),
        "starts_at": MORNING.isoformat(),
        "ends_at": (MORNING + timedelta(days=1)).isoformat(),
        "booked": "cancel",
    }
    answers = [
        await person.post("/absences", json=away),
        await person.put(f"/practitioners/{theirs}/settings", json={"paused": True}),
        await person.put(f"/practitioners/{theirs}/agenda", json={"url": "https://exemple.invalid/a.ics"}),
        await person.post(f"/practitioners/{theirs}/agenda/address"),
    ]
    assert [answer.json()["code"] for answer in answers] == ["elsewhere_too"] * len(answers)
    doctor = await service.person(Role.PRACTITIONER, theirs, cpts=(NEIGHBOUR,))
    assert (await doctor.get(f"/slots/{slot['id']}")).json()["status"] == "published"
    assert (await doctor.post("/absences", json=away)).status_code == 201
    assert (await doctor.get(f"/slots/{slot['id']}")).json()["status"] != "published"


async def shared_slot(service: Service, territory: Territory) -> dict[str, Any]:
    """A slot of our CPTS that the neighbour is shown."""
    host = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    return await a_slot(host, territory, audience=[NEIGHBOUR], capacity=3)


async def outcomes(client: httpx.AsyncClient, booking: str) -> list[int]:
    """What somebody gets who tries to act on a booking that is not theirs."""
    return [
        (await client.post(f"/bookings/{booking}/confirmation", json={})).status_code,
        (await client.post(f"/bookings/{booking}/release")).status_code,
        (await client.post(f"/bookings/{booking}/cancellation", json={"reason": "essai"})).status_code,
        (await client.get(f"/bookings/{booking}/patient")).status_code,
    ]


@pytest.mark.parametrize("role", [Role.PHARMACIST, Role.COORDINATOR, Role.ADMIN, Role.REGULATOR])
async def test_whoever_is_shown_a_slot_does_not_act_on_the_hosts_bookings(
    service: Service, territory: Territory, neighbour: Territory, role: Role
) -> None:
    slot = await shared_slot(service, territory)
    host = await service.person(Role.PHARMACIST)
    booking = await a_hold(host, slot)
    guest = await service.person(role, cpts=(NEIGHBOUR,))
    assert await outcomes(guest, booking["id"]) == [403] * 4
    assert (await host.post(f"/bookings/{booking['id']}/confirmation", json=PATIENT)).status_code == 200
    assert await outcomes(guest, booking["id"]) == [403] * 4


async def test_a_guest_books_with_a_patient_and_the_host_sees_who_comes(
    service: Service, territory: Territory, neighbour: Territory
) -> None:
    slot = await shared_slot(service, territory)
    guest = await service.person(Role.PHARMACIST, cpts=(NEIGHBOUR,))
    booking = await a_hold(guest, slot)
    confirmed = await guest.post(f"/bookings/{booking['id']}/confirmation", json=PATIENT)
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "confirmed")
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    assert (await doctor.get(f"/bookings/{booking['id']}/patient")).json()["name"] == "Camille EXEMPLE"
    other = await service.person(Role.PHARMACIST, cpts=(NEIGHBOUR,))
    assert await outcomes(other, booking["id"]) == [403] * 4
    assert (await guest.post(f"/bookings/{booking['id']}/cancellation", json={"reason": "essai"})).status_code == 200


async def test_nobody_takes_the_name_of_a_request_of_the_board(
    service: Service, territory: Territory, neighbour: Territory
) -> None:
    slot = await shared_slot(service, territory)
    of_the_board = "00000000-0000-7000-8000-000000000001"
    pharmacist = await service.person(Role.PHARMACIST)
    for name in (of_the_board, f"{of_the_board}.1"):
        refused = await pharmacist.post(f"/slots/{slot['id']}/bookings", json={"request_id": name})
        assert (refused.status_code, refused.json()["field"]) == (422, "request_id")
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    named = {"request_id": of_the_board, "reason": "essai"}
    assert (await doctor.post(f"/slots/{slot['id']}/overbookings", json=named)).status_code == 422
    assert (await a_hold(await service.machine(), slot, of_the_board))["state"] == "held"
