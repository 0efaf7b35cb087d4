"""What is known to be busy or absent closes time, in whatever order it comes; what is undone comes back whole."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.availability.sweeper import sweep
from shared.auth import Role
from shared.db import run
from shared.http.parts import read_parts
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
    owner,
    show,
    slots_order,
)
from tests.integration.availability.test_agendas import Practice, busy, practice
from tests.integration.availability.test_calendar import opening, published, swept

__all__ = ["practice"]
NOON, AFTERNOON = MORNING + timedelta(hours=5), MORNING + timedelta(hours=8)


async def declare(practice: Practice, starts_at: datetime = NOON, ends_at: datetime = AFTERNOON, **more: Any) -> str:
    person = str(practice.territory.practitioners[0])
    span = {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
    answer = await practice.client.post("/absences", json={"practitioner_id": person, **span, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def at(hours: float, **more: Any) -> dict[str, Any]:
    return {"starts_at": (MORNING + timedelta(hours=hours)).isoformat(), **more}


@pytest.mark.parametrize("hours", [4.9, 5, 6, 7.9])
async def test_nothing_is_published_into_an_absence(practice: Practice, hours: float) -> None:
    await declare(practice)
    refused = await practice.client.post("/slots", json=slots_order(practice.territory, **at(hours)))
    assert (refused.status_code, refused.json()["code"]) == (409, "practitioner_away")
    assert "absent" in refused.json()["detail"]
    assert await published(practice.client) == []


@pytest.mark.parametrize("hours", [4.75, 8])
async def test_what_only_touches_an_absence_is_published(practice: Practice, hours: float) -> None:
    await declare(practice)
    assert await a_slot(practice.client, practice.territory, **at(hours))


async def test_nothing_is_published_over_a_busy_agenda_unless_it_is_wanted(practice: Practice) -> None:
    await practice.follow(busy(2))
    order = slots_order(practice.territory)
    assert (await practice.client.post("/slots", json=order)).status_code == 409
    wanted = await practice.client.post("/slots", json={**order, "despite_absence": True})
    assert wanted.status_code == 201
    await practice.later(busy(2, 6), 6)
    await practice.later(busy(1.5, 2, 6), 12)
    assert [slot["id"] for slot in await published(practice.client)] == [wanted.json()["slots"][0]["id"]]
    await declare(practice, MORNING + timedelta(hours=1), NOON)
    assert await published(practice.client) == []


async def test_a_slot_is_not_moved_into_an_absence(practice: Practice) -> None:
    slot = await a_slot(practice.client, practice.territory)
    await declare(practice)
    path = f"/slots/{slot['id']}"
    into = {"starts_at": NOON.isoformat(), "ends_at": (NOON + timedelta(minutes=15)).isoformat()}
    assert (await practice.client.patch(path, json=into)).status_code == 409
    longer = {"ends_at": (NOON + timedelta(minutes=15)).isoformat()}
    assert (await practice.client.patch(path, json=longer)).status_code == 409
    assert (await practice.client.patch(path, json={**into, "despite_absence": True})).status_code == 200


async def test_an_absence_and_a_slot_that_race_never_both_stand(practice: Practice) -> None:
    for number in range(8):
        start = MORNING + timedelta(days=1, hours=number)
        span = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=30)).isoformat()}
        away = {"practitioner_id": str(practice.territory.practitioners[0]), **span}
        order = slots_order(practice.territory, starts_at=start.isoformat())
        answers = await asyncio.gather(
            practice.client.post("/absences", json=away), practice.client.post("/slots", json=order)
        )
        assert answers[0].status_code == 201
    assert await published(practice.client) == []


async def test_the_database_itself_refuses_a_slot_in_an_absence(practice: Practice) -> None:
    slot = await a_slot(practice.client, practice.territory)
    await declare(practice)
    moved = text(
        "update availability.slot set starts_at = :at, ends_at = cast(:at as timestamptz) + interval '1 minute'"
        " where id = cast(:id as uuid)"
    )
    with pytest.raises(IntegrityError, match="not_while_away"):
        async with owner(practice.service.settings) as session:
            await run(session, moved, at=NOON, id=slot["id"])


async def test_one_more_patient_fits_into_a_busy_agenda_not_into_an_absence(practice: Practice) -> None:
    await practice.follow(busy(2))
    await declare(practice)
    base = {**slots_order(practice.territory), "request_ids": ["r1"], "reason": "habitual"}
    assert (await practice.client.post("/slots/on-top", json=base)).status_code == 201
    refused = await practice.client.post("/slots/on-top", json={**base, **at(6), "request_ids": ["r2"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "practitioner_away")


async def test_absences_say_which_the_agenda_made(practice: Practice) -> None:
    await practice.follow(busy(2))
    await declare(practice)
    found = await practice.client.get("/absences", params={"practitioner_id": str(practice.territory.practitioners[0])})
    assert [each["from_agenda"] for each in found.json()] == [True, False]


async def test_a_slot_that_was_moved_does_not_come_back_where_it_was(practice: Practice) -> None:
    order = opening(practice.territory, weekdays=[2], to_time="16:00", minutes=30)
    assert (await practice.client.post("/openings", json=order)).status_code == 201
    await swept(practice.service)
    withdrawn, given_back, moved, longer = await published(practice.client)
    await practice.client.post(f"/slots/{withdrawn['id']}/withdrawal", json={"reason": "essai"})
    await practice.client.post(f"/slots/{given_back['id']}/give-back")
    to = {"starts_at": "2026-11-24T17:00:00Z", "ends_at": "2026-11-24T17:30:00Z"}
    assert (await practice.client.patch(f"/slots/{moved['id']}", json=to)).status_code == 200
    assert (await practice.client.patch(f"/slots/{longer['id']}", json={"ends_at": "2026-11-24T15:10:00Z"})).is_success
    stands = sorted(slot["starts_at"] for slot in await published(practice.client))
    for hours in (10, 10.5):
        await practice.follow(busy(hours)) if hours == 10 else await practice.later(busy(hours), 6)
        await swept(practice.service)
    assert sorted(slot["starts_at"] for slot in await published(practice.client)) == stands
    # An absence takes the moved one, and ends: it comes back neither there nor here.
    absence = await declare(practice, *(datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (16, 18)))
    assert (await practice.client.delete(f"/absences/{absence}")).status_code == 204
    await swept(practice.service)
    assert [slot["id"] for slot in await published(practice.client)] == [longer["id"]]


async def test_what_an_absence_took_of_an_opening_comes_back_with_its_end(practice: Practice) -> None:
    order = opening(practice.territory, weekdays=[2], to_time="15:00", minutes=30)
    assert (await practice.client.post("/openings", json=order)).status_code == 201
    await swept(practice.service)
    assert len(await published(practice.client)) == 2
    absence = await declare(practice, *(datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (13, 14)))
    assert (await practice.client.delete(f"/absences/{absence}")).status_code == 204
    await swept(practice.service)
    assert len(await published(practice.client)) == 2


WHOLE: dict[str, Any] = {
    "capacity": 3, "modes": ["AMB", "VR"], "types": ["SNP", "PRO"], "min_age": 6, "max_age": 70,
    "appointment": "WALKIN", "give_back_minutes": 20, "audience": [NEIGHBOUR],
}  # fmt: skip
SAME = ("id", "starts_at", "ends_at", "capacity", "modes", "types", "audience", "min_age", "max_age", "appointment",
        "place_id", "origin", "give_back_at")  # fmt: skip


async def test_a_withdrawal_undone_gives_the_same_slot_back(practice: Practice) -> None:
    await a_territory(practice.service.settings, NEIGHBOUR)
    before = await a_slot(practice.client, practice.territory, **WHOLE)
    path = f"/slots/{before['id']}"
    await practice.client.post(f"{path}/withdrawal", json={"reason": "essai"})
    after = await practice.client.post(f"{path}/reopening")
    assert after.status_code == 200
    assert {name: after.json()[name] for name in SAME} == {name: before[name] for name in SAME}
    assert after.json()["status"] == "published"
    assert (await practice.client.post(f"{path}/reopening")).json()["version"] == after.json()["version"]
    assert await a_hold(await practice.service.machine(), before)


async def test_a_slot_given_back_is_reopened_and_kept(practice: Practice) -> None:
    slot = await a_slot(practice.client, practice.territory)
    await practice.client.post(f"/slots/{slot['id']}/give-back")
    again = (await practice.client.post(f"/slots/{slot['id']}/reopening")).json()
    assert (again["status"], again["give_back_at"]) == ("published", None)


async def test_what_cannot_stand_again_is_not_reopened(practice: Practice) -> None:
    slot = await a_slot(practice.client, practice.territory)
    path = f"/slots/{slot['id']}"
    await practice.client.post(f"{path}/withdrawal", json={"reason": "essai"})
    other = await a_slot(practice.client, practice.territory)
    assert (await practice.client.post(f"{path}/reopening")).json()["code"] == "slot_overlaps"
    await practice.client.post(f"/slots/{other['id']}/withdrawal", json={"reason": "essai"})
    await declare(practice, MORNING + timedelta(hours=1), NOON)
    assert (await practice.client.post(f"{path}/reopening")).json()["code"] == "practitioner_away"
    forced = await practice.client.post(f"{path}/reopening", json={"despite_absence": True})
    assert forced.status_code == 200
    await practice.client.post(f"{path}/withdrawal", json={"reason": "essai"})
    await show(practice.service.settings, MORNING + timedelta(hours=3))
    assert (await practice.client.post(f"{path}/reopening")).json()["code"] == "in_the_past"
    stranger = await practice.service.person(Role.PRACTITIONER, practice.territory.practitioners[1])
    assert (await stranger.post(f"{path}/reopening")).status_code == 403


EXTREME = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z"]


@pytest.mark.parametrize("instant", EXTREME)
async def test_an_instant_of_another_age_is_refused_at_every_door(practice: Practice, instant: str) -> None:
    person = str(practice.territory.practitioners[0])
    machine = await practice.service.machine()
    slot = await a_slot(practice.client, practice.territory)
    on_top = {**slots_order(practice.territory), "request_ids": ["r"], "reason": "x"}
    answers = [
        await practice.client.post(
            "/absences", json={"practitioner_id": person, "starts_at": instant, "ends_at": instant}
        ),
        await practice.client.post("/slots", json=slots_order(practice.territory, starts_at=instant)),
        await practice.client.patch(f"/slots/{slot['id']}", json={"starts_at": instant}),
        await practice.client.post("/slots/on-top", json={**on_top, "starts_at": instant}),
        await machine.put(f"/practitioners/{person}/memberships/{CPTS}", json={"joined_at": instant}),
    ]
    assert [answer.status_code for answer in answers] == [422] * len(answers)


async def test_an_absence_of_another_age_that_is_there_already_stops_no_sweep(practice: Practice) -> None:
    await practice.client.post("/openings", json=opening(practice.territory))
    old = text(
        "insert into availability.absence (id, practitioner_id, starts_at, ends_at)"
        " values (gen_random_uuid(), :who, '0001-01-01 00:00:00+00 BC', '2026-11-25 00:00+01')"
    )
    async with owner(practice.service.settings) as session:
        await run(session, old, who=practice.territory.practitioners[0])
    await swept(practice.service)
    starts = {slot["starts_at"][:10] for slot in await published(practice.client)}
    assert starts == {"2026-11-25", "2026-11-26", "2026-11-27"}


async def test_a_step_that_fails_stops_no_other_step_and_no_other_territory(
    service: Service, territory: Territory
) -> None:
    await a_territory(service.settings, NEIGHBOUR)
    done: list[tuple[str, str]] = []

    async def trips(_session: Any, cpts_id: str) -> None:
        done.append(("trips", cpts_id))
        if cpts_id == CPTS:
            raise OverflowError

    async def follows(_session: Any, cpts_id: str) -> None:
        done.append(("follows", cpts_id))

    with pytest.raises(OverflowError):
        await sweep(read_parts(service.app)[Wiring], [trips, follows])
    assert sorted(done) == sorted((step, cpts) for step in ("trips", "follows") for cpts in (CPTS, NEIGHBOUR))
