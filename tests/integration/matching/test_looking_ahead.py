"""Looking ahead in the rounds of the service: from the territory's own past, and never past what was promised."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.matching.engine.ahead.outlook import LEAST_DAYS
from services.matching.engine.model import Point, Slot
from services.matching.sameday.store.history import Seen, count_known_days, history_of, see
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Role
from shared.db import run
from shared.db.ids import new_id
from shared.settings import Settings
from tests.builders import CPTS, MORNING, owner, show
from tests.towns import Person, Town, a_request, a_town, until

HOURS = (1, 2, 3)
"""Hours after 8:00 UTC in which, every day, many P1 are asked."""
PER_HOUR = 20


def asked_at(at: datetime, **more: Any) -> RequestRow:
    """A request of the past, given up and archived."""
    values: dict[str, Any] = {
        "id": new_id(at),
        "cpts_id": CPTS,
        "state": "cancelled",
        "urgency": 1,
        "act": "fever_child",
        "age": 83,
        "insee": "48095",
        "lat": 44.517,
        "lon": 3.517,
        "professions": ["10"],
        "modes": ["AMB"],
        "max_travel_s": 1800,
        "source": "sas",
        "asked_by": "someone",
        "asked_role": Role.REGULATOR,
        "submitted_at": at,
        "earliest_at": at,
        "deadline_at": at + timedelta(hours=3),
        "answer_by": at,
        "changed_at": at,
        "archived_at": at + timedelta(days=1),
        "patient_sealed": b"sealed",
        **more,
    }
    return RequestRow(**values)


async def remember(settings: Settings, *, days: int) -> None:
    """So many past days with the same rush of P1."""
    async with owner(settings) as session:
        for day in range(1, days + 1):
            for hour in HOURS:
                at = MORNING - timedelta(days=day) + timedelta(hours=hour)
                session.add_all(asked_at(at + timedelta(minutes=n * 60 // PER_HOUR)) for n in range(PER_HOUR))


async def chosen(town: Town, policy: str) -> dict[str, Any]:
    """The CPTS chooses its policy; what is answered."""
    answer = await (await town.machine("matching")).put(f"/parameters/{CPTS}", json={"policy": policy})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def rounds(settings: Settings) -> list[tuple[str, str, int]]:
    """Of each round recorded: the policy that ran, why not the one chosen, how many were held back."""
    async with owner(settings) as session:
        found = await run(session, text("select policy, fallback, held_back from matching.round order by at, id"))
        return [tuple(row) for row in found]


async def asked(person: Person, **more: Any) -> str:
    """A request that was made."""
    answer = await person.client.post("/requests", json=a_request(**more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def a_round(person: Person) -> None:
    """A round that begins now has ended: somebody whom no slot suits was told why."""
    bystander = await asked(person, urgency=4, motive="renewal", professions=["40"])
    await until(person.client, bystander, "open", having=lambda view: view["blockers"])


async def patient_with_a_slot_in_mind(town: Town, person: Person) -> tuple[str, str]:
    """A P4 who can wait three hours for an answer, and the only slot that suits, at 9:30; another is for dressings."""
    await town.slot(1, hours=30, acts=["dressing"])
    slot = await town.slot(0, hours=1.5, give_back_minutes=0)
    request = await asked(person, urgency=4, motive="renewal", board=True)
    await until(person.client, request, "proposed")
    return request, slot["id"]


@pytest.mark.parametrize(("policy", "state"), [("consensus", "proposed"), ("defer", "confirmed")])
async def test_a_scarce_slot_is_held_back_for_the_p1_that_the_past_foretells(
    settings: Settings, policy: str, state: str
) -> None:
    await remember(settings, days=LEAST_DAYS + 2)
    async with a_town(settings) as town:
        assert (await chosen(town, policy))["runs"] == policy
        person = await town.person(Role.REGULATOR)
        waiting, slot = await patient_with_a_slot_in_mind(town, person)
        # Half an hour before one would have to leave: the usual moment to make it firm.
        await show(settings, MORNING + timedelta(hours=1, minutes=1))
        await a_round(person)
        assert (await person.client.get(f"/requests/{waiting}")).json()["state"] == state
        urgent = await asked(person, answer_by=MORNING.isoformat())
        if policy == "defer":
            view = await until(person.client, urgent, "open", having=lambda each: each["blockers"])
            assert view["slot_id"] is None
            return
        assert (await until(person.client, urgent, "confirmed"))["slot_id"] == slot
        assert max(held for _, _, held in await rounds(settings)) > 0
        # Nobody disappears, and what was promised is kept: by then, a slot that exists is given whatever is foretold.
        other = await town.slot(1, hours=4, give_back_minutes=0)
        view = await until(person.client, waiting, "proposed", having=lambda each: each["slot_id"] == other["id"])
        await show(settings, datetime.fromisoformat(view["answer_by"]) + timedelta(seconds=1))
        view = await until(person.client, waiting, "confirmed")
        assert view["slot_id"] == other["id"]


async def test_with_too_little_past_the_default_runs_and_says_why(settings: Settings) -> None:
    await remember(settings, days=LEAST_DAYS - 1)
    async with a_town(settings) as town:
        answer = await chosen(town, "consensus")
        assert (answer["now"]["policy"], answer["runs"]) == ("consensus", "defer")
        fallback = answer["fallback"]
        assert (fallback["code"], fallback["days_known"], fallback["days_needed"]) == ("history_too_short", 9, 10)
        assert "9" in fallback["message"]
        person = await town.person(Role.REGULATOR)
        waiting, slot = await patient_with_a_slot_in_mind(town, person)
        await show(settings, MORNING + timedelta(hours=1, minutes=1))
        assert (await until(person.client, waiting, "confirmed"))["slot_id"] == slot
        assert set(await rounds(settings)) == {("defer", "history_too_short", 0)}


async def test_the_past_is_read_as_counts_at_the_centre_of_communes(settings: Settings) -> None:
    await remember(settings, days=14)
    async with owner(settings) as session:
        session.add(asked_at(MORNING - timedelta(days=1), urgency=3, act="back_pain"))
        session.add(asked_at(MORNING, urgency=3))
        await session.flush()
        history = await history_of(session, CPTS, MORNING)
        assert await count_known_days(session, CPTS, MORNING) == history.known_days == 14
        assert await count_known_days(session, "990000002", MORNING) == 0
    assert history.calendar == (2, 2, 2, 2, 2, 2, 2)
    assert sum(of.count for of in history.asked) == 14 * len(HOURS) * PER_HOUR + 1
    p1 = next(of for of in history.asked if of.request.act == "fever_child")
    assert (p1.count, p1.hour, p1.request.point, p1.request.age) == (2 * PER_HOUR, 10, Point(44.5, 3.5), None)
    assert (p1.request.submitted_at_s, p1.request.deadline_at_s) == (0, 3 * 3600)
    (p3,) = [of for of in history.asked if of.request.urgency == 3]
    assert (p3.weekday, p3.hour, p3.count, p3.request.act) == (1, 9, 1, "back_pain")


async def test_slots_are_remembered_and_those_that_opened_on_their_day_are_counted(town: Town) -> None:
    late = await town.slot(0, hours=3)
    early = await town.slot(1, hours=30, capacity=2)
    person = await town.person(Role.REGULATOR)
    await until(person.client, await asked(person, urgency=4, motive="renewal"), "proposed")
    doctor = await town.doctor(0)
    gone = await doctor.post(f"/slots/{late['id']}/withdrawal", json={"reason": "absence", "booked": "cancel"})
    assert gone.status_code == 200, gone.text
    await a_round(person)
    async with owner(town.settings) as session:
        found = await run(session, text("select slot_id, offer, closed_at from matching.slot_seen order by starts_at"))
        first, second = found.all()
        history = await history_of(session, CPTS, MORNING + timedelta(days=2))
    assert [first.slot_id, second.slot_id] == [UUID(late["id"]), UUID(early["id"])]
    assert (first.closed_at is not None, second.closed_at, second.offer["places"]) == (True, None, 2)
    (opened,) = history.opened
    assert (opened.hour, opened.count, opened.slot.practitioner) == (9, 1, str(town.territory.practitioners[0]))
    assert 2.5 * 3600 <= opened.slot.starts_at_s <= 3 * 3600


async def test_more_slots_than_one_statement_takes_are_remembered(settings: Settings) -> None:
    starts_at_s = int(MORNING.timestamp())
    slots = [Slot(str(new_id(MORNING)), "p", Point(44.5, 3.5), starts_at_s, starts_at_s + 900) for _ in range(5000)]
    async with owner(settings) as session:
        await see(session, CPTS, [Seen(slot, MORNING, closed=False) for slot in slots], MORNING)
        assert (await run(session, text("select count(*) from matching.slot_seen"))).scalar_one() == 5000
