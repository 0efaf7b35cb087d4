"""Openings that recur, absences, and the slots they make."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.availability.sweeper import EACH_TIME, seldom, sweep
from shared.auth import Role
from shared.db import AWAY, run
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


def opening(territory: Territory, **changed: Any) -> dict[str, Any]:
    """Tuesday to Friday, 14:00 to 15:00, in quarters."""
    return {
        "practitioner_id": str(territory.practitioners[0]),
        "place_id": str(territory.places[0]),
        "weekdays": [2, 3, 4, 5],
        "from_time": "14:00",
        "to_time": "15:00",
        "first_day": "2026-11-01",
        **changed,
    }


async def published(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    span = {"cpts": CPTS, "from": MORNING.isoformat(), "to": (MORNING + timedelta(days=30)).isoformat()}
    slots: list[dict[str, Any]] = (await client.get("/slots", params=span)).json()["slots"]
    return [slot for slot in slots if slot["status"] == "published"]


async def swept(service: Service) -> None:
    await sweep(read_parts(service.app)[Wiring], EACH_TIME)


async def test_an_opening_is_cut_three_days_ahead_once(service: Service, territory: Territory) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    assert (await doctor.post("/openings", json=opening(territory))).status_code == 201
    await asyncio.gather(*(swept(service) for _ in range(3)))
    await swept(service)
    slots = await published(doctor)
    days = [datetime.fromisoformat(slot["starts_at"]).astimezone(PARIS) for slot in slots]
    assert [(day.day, day.hour) for day in days] == [(each, 14) for each in (24, 25, 26, 27) for _ in range(4)]
    assert {slot["origin"] for slot in slots} == {"opening"}


async def test_who_left_a_place_opens_and_changes_nothing_there(service: Service, territory: Territory) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    assert (await doctor.post("/openings", json=opening(territory))).status_code == 201
    async with owner(service.settings) as session:
        left = text("update availability.schedule set closed_at = now() where practitioner_id = :who")
        await run(session, left, who=territory.practitioners[0])
    await swept(service)
    assert await published(doctor) == []
    access = {"access_note": "", "phone": "", "wheelchair": True}
    assert (await doctor.put(f"/places/{territory.places[0]}/access", json=access)).status_code == 403


async def test_the_next_day_is_cut_when_it_comes_into_sight(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    await matching.post("/openings", json=opening(territory, weekdays=[1, 6]))
    await swept(service)
    assert await published(matching) == []
    await show(service.settings, MORNING + timedelta(days=1))
    await swept(service)
    assert len(await published(matching)) == 4


async def test_an_absence_withdraws_and_asks_about_who_is_booked(service: Service, territory: Territory) -> None:
    doctor, matching = await service.person(Role.PRACTITIONER, territory.practitioners[0]), await service.machine()
    await doctor.post("/openings", json=opening(territory))
    await swept(service)
    today = (await published(doctor))[:4]
    await a_hold(matching, today[0])
    away = {
        "practitioner_id": str(territory.practitioners[0]),
        "starts_at": MORNING.isoformat(),
        "ends_at": (MORNING + timedelta(hours=12)).isoformat(),
    }
    refused = await doctor.post("/absences", json=away)
    assert (refused.status_code, refused.json()["slots"]) == (409, [today[0]["id"]])
    assert (await doctor.get("/absences", params={"practitioner_id": away["practitioner_id"]})).json() == []
    absence = (await doctor.post("/absences", json={**away, "booked": "cancel"})).json()
    assert len(await published(doctor)) == 12
    await swept(service)
    assert len(await published(doctor)) == 12
    assert (await doctor.delete(f"/absences/{absence['id']}")).status_code == 204
    await swept(service)
    assert len(await published(doctor)) == 16


async def test_a_day_of_absence_makes_no_slot_when_it_comes_into_sight(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    noon = MORNING + timedelta(days=1)
    away = {
        "practitioner_id": str(territory.practitioners[0]),
        "starts_at": noon.isoformat(),
        "ends_at": (noon + timedelta(hours=10)).isoformat(),
    }
    await matching.post("/absences", json=away)
    await matching.post("/openings", json=opening(territory, weekdays=[3]))
    await swept(service)
    assert await published(matching) == []


async def test_ending_an_opening_withdraws_what_it_made(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    made = (await matching.post("/openings", json=opening(territory))).json()
    await swept(service)
    assert (await matching.delete(f"/openings/{made['id']}")).status_code == 204
    assert await published(matching) == []
    listed = await matching.get("/openings", params={"practitioner_id": str(territory.practitioners[0])})
    assert listed.json() == []


async def test_an_opening_never_lands_on_another_slot(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    # 14:00 in Paris is five hours after the morning.
    one_off = await a_slot(matching, territory, starts_at=(MORNING + timedelta(hours=5, minutes=5)).isoformat())
    await matching.post("/openings", json=opening(territory, weekdays=[2]))
    await swept(service)
    slots = await published(matching)
    assert len(slots) == 3
    assert one_off["id"] in {slot["id"] for slot in slots}


async def test_the_service_sweeps_by_itself_when_rung(settings: Settings) -> None:
    async with availability(settings) as service:
        territory, matching = await a_territory(settings), await service.machine()
        async with asyncio.timeout(10), read_parts(service.app)[Wiring].bell.watch(f"availability:{CPTS}") as watch:
            await matching.post("/openings", json=opening(territory))
            while not await published(matching):
                await watch.wait()


async def test_an_opening_ended_while_it_is_cut_leaves_no_slot(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    for _ in range(5):
        made = (await matching.post("/openings", json=opening(territory))).json()
        cutting, ended = await asyncio.gather(
            swept(service), matching.delete(f"/openings/{made['id']}"), return_exceptions=True
        )
        assert cutting is None or isinstance(cutting, AWAY)
        assert not isinstance(ended, BaseException)
        assert ended.status_code == 204
        assert await published(matching) == []


async def test_patients_and_history_are_forgotten_on_schedule(service: Service, territory: Territory) -> None:
    matching = await service.machine()
    held = await a_hold(matching, await a_slot(matching, territory))
    await matching.post(f"/bookings/{held['id']}/confirmation", json={"patient": {"name": "ESSAI"}})
    wiring = read_parts(service.app)[Wiring]
    for days, kept in ((29, True), (31, False)):
        await show(service.settings, MORNING + timedelta(days=days))
        await sweep(wiring, seldom(wiring))
        async with owner(service.settings) as session:
            sealed = (await run(session, text("select patient_sealed from availability.booking"))).scalar_one()
            events = text("select count(*) from availability.event where body ->> 'type' = 'slot_held.v1'")
            assert (await run(session, events)).scalar_one() == 0
        assert (sealed is not None) is kept
    state = (await matching.get("/live/snapshot", params={"cpts": CPTS})).json()["state"]
    assert state["practitioners"][str(territory.practitioners[0])]["served_4_weeks"] == 0


async def test_an_absence_of_someone_of_another_territory_is_refused(service: Service, territory: Territory) -> None:
    stranger = await service.person(Role.COORDINATOR, cpts=[NEIGHBOUR])
    away = {
        "practitioner_id": str(territory.practitioners[0]),
        "starts_at": MORNING.isoformat(),
        "ends_at": (MORNING + timedelta(hours=1)).isoformat(),
    }
    answer = await stranger.post("/absences", json=away)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("change", [{"to_time": "13:00"}, {"weekdays": [8]}, {"weekdays": []}, {"from_time": "14:00Z"}])
async def test_bad_openings_say_what_to_change(service: Service, territory: Territory, change: dict[str, Any]) -> None:
    matching = await service.machine()
    answer = await matching.post("/openings", json=opening(territory, **change))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_an_opening_changes_from_a_day_on_and_who_is_booked_stays(service: Service, territory: Territory) -> None:
    doctor = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    declared = (await doctor.post("/openings", json=opening(territory))).json()
    await swept(service)
    thursday = [slot for slot in await published(doctor) if slot["starts_at"].startswith("2026-11-26")]
    matching = await service.machine()
    held = await a_hold(matching, thursday[0])
    assert (await matching.post(f"/bookings/{held['id']}/confirmation", json={})).status_code == 200
    path = f"/openings/{declared['id']}/changes"
    body = opening(territory, from_time="14:15", to_time="14:45", first_day="2026-11-26", modes=["VR"], types=["SNP"])
    refused = await doctor.post(path, json=body)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (409, "slot_booked", "booked")
    changed = await doctor.post(path, json={**body, "booked": "keep"})
    assert changed.status_code == 201, changed.text
    await swept(service)
    found = [(slot["starts_at"][8:16], slot["modes"], slot["taken"]) for slot in await published(doctor)]
    assert [each[0] for each in found if each[1] == ["AMB"]] == [
        *(f"{day}T13:{minute:02}" for day in (24, 25) for minute in (0, 15, 30, 45)), "26T13:00"
    ]  # fmt: skip
    assert [each[0] for each in found if each[1] == ["VR"]] == [
        f"{day}T13:{minute}" for day in (26, 27) for minute in (15, 30)
    ]
    rest = (await doctor.get("/openings", params={"practitioner_id": body["practitioner_id"]})).json()
    assert [(each["first_day"], each["last_day"]) for each in rest] == [
        ("2026-11-01", "2026-11-25"), ("2026-11-26", None)
    ]  # fmt: skip
    other = await service.person(Role.PRACTITIONER, territory.practitioners[1])
    assert (await other.post(f"/openings/{changed.json()['id']}/changes", json=body)).status_code == 403
