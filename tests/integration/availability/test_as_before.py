"""« Comme hier »: the last working day again, as far as it can be."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.db.clock import PARIS
from tests.builders import (
    MORNING,
    a_slot,
    show,
)
from tests.integration.availability.test_agendas import Practice, practice
from tests.integration.availability.test_busy_time import at, declare

__all__ = ["practice"]


async def as_before(practice: Practice, day: str) -> dict[str, Any]:
    body = {"practitioner_id": str(practice.territory.practitioners[0]), "day": day}
    answer = await practice.client.post("/slots/as-before", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_as_yesterday_publishes_what_can_be_and_says_the_rest(practice: Practice) -> None:
    await a_slot(practice.client, practice.territory, **at(2), count=2)
    await a_slot(practice.client, practice.territory, **at(9), count=2, appointment="WALKIN", give_back_minutes=20)
    await a_slot(practice.client, practice.territory, **at(26))
    await declare(practice, MORNING + timedelta(hours=33), MORNING + timedelta(hours=33.25))
    made = await as_before(practice, "2026-11-25")
    assert made["from_day"] == "2026-11-24"
    assert [(each["starts_at"][11:16], each["reason"]) for each in made["left_out"]] == [
        ("10:00", "there"),
        ("17:00", "away"),
    ]
    assert [slot["starts_at"][11:16] for slot in made["slots"]] == ["10:15", "17:15"]
    assert made["slots"][1]["appointment"] == "WALKIN"
    assert made["slots"][1]["give_back_at"] == "2026-11-25T16:55:00Z"
    again = await as_before(practice, "2026-11-25")
    assert again["slots"] == []
    assert len(again["left_out"]) == 4


async def test_as_yesterday_on_a_monday_is_as_on_the_last_working_day(practice: Practice) -> None:
    friday = datetime(2026, 11, 27, 9, tzinfo=UTC)
    await a_slot(practice.client, practice.territory, starts_at=friday.isoformat())
    withdrawn = await a_slot(practice.client, practice.territory, starts_at=(friday + timedelta(days=1)).isoformat())
    await practice.client.post(f"/slots/{withdrawn['id']}/withdrawal", json={"reason": "essai"})
    made = await as_before(practice, "2026-11-30")
    assert made["from_day"] == "2026-11-27"
    assert [slot["starts_at"] for slot in made["slots"]] == ["2026-11-30T09:00:00Z"]


@pytest.mark.parametrize(
    ("shows", "day", "expected"),
    [
        (datetime(2027, 3, 27, 8, tzinfo=UTC), "2027-03-28", "2027-03-28T09:00:00Z"),
        (datetime(2027, 10, 30, 7, tzinfo=UTC), "2027-10-31", "2027-10-31T10:00:00Z"),
    ],
    ids=["spring", "autumn"],
)
async def test_as_yesterday_keeps_the_hour_of_the_clock(
    practice: Practice, shows: datetime, day: str, expected: str
) -> None:
    await show(practice.service.settings, shows)
    start = shows.astimezone(PARIS).replace(hour=11)
    await a_slot(practice.client, practice.territory, starts_at=start.isoformat())
    assert [slot["starts_at"] for slot in (await as_before(practice, day))["slots"]] == [expected]


async def test_as_yesterday_on_a_day_of_absence_publishes_nothing(practice: Practice) -> None:
    await a_slot(practice.client, practice.territory, count=2)
    await declare(practice, MORNING + timedelta(hours=15), MORNING + timedelta(hours=39))
    made = await as_before(practice, "2026-11-25")
    assert made["slots"] == []
    assert {each["reason"] for each in made["left_out"]} == {"away"}


async def test_as_yesterday_without_a_yesterday_says_so(practice: Practice) -> None:
    assert await as_before(practice, "2026-11-25") == {"from_day": None, "slots": [], "left_out": []}
