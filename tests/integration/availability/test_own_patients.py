"""Patients that practitioners put in their slots themselves."""

import asyncio

from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import Service, Territory, a_slot, owner
from tests.integration.availability.test_bookings import state_of


async def test_a_patient_of_ones_own_takes_a_place_and_is_named_to_their_practitioner_alone(
    service: Service, territory: Territory
) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    other = await service.person(Role.PRACTITIONER, territory.practitioners[1])
    slot = await a_slot(doctor, territory)
    body = {"patient": {"name": "Modèle Désirée", "birth_date": "14/07/1951"}}
    path = f"/slots/{slot['id']}/own-patients"
    answers = await asyncio.gather(*(doctor.post(path, json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    taken = next(answer.json() for answer in answers if answer.status_code == 201)
    assert (await state_of(doctor, slot))["taken"] == 1
    form = {"booking_ids": [taken["id"]]}
    found = await doctor.post("/bookings/own-patients", json=form)
    assert found.json() == [{"booking_id": taken["id"], "initials": "M. D.", "age": 75}]
    assert (await other.post("/bookings/own-patients", json=form)).json() == []
    pharmacy = await service.person(Role.PHARMACIST)
    assert (await pharmacy.post("/bookings/own-patients", json=form)).status_code == 403
    assert (await other.post(path, json=body)).status_code == 403
    mine = (await doctor.get("/live/snapshot", params={"cpts": territory.cpts})).json()["state"]["practitioners"]
    assert mine[str(territory.practitioners[0])]["unknown_this_week"] == 0


async def test_an_own_patient_that_no_key_opens_keeps_none_of_the_others_from_being_shown(
    service: Service, territory: Territory
) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    slot = await a_slot(doctor, territory, capacity=2)
    path, body = f"/slots/{slot['id']}/own-patients", {"patient": {"name": "Modèle Désirée"}}
    lost, kept = [(await doctor.post(path, json=body)).json()["id"] for _ in range(2)]
    async with owner(service.settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        await run(session, text("update availability.booking set patient_sealed = 'lost:x' where id = :id"), id=lost)
    found = await doctor.post("/bookings/own-patients", json={"booking_ids": [lost, kept]})
    assert found.json() == [{"booking_id": kept, "initials": "M. D.", "age": None}]
