"""Openings to midnight and past it, twice the same hours, and mistakes said in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.db.clock import PARIS
from tests.builders import (
    MORNING,
    show,
)
from tests.integration.availability.test_agendas import Practice, practice
from tests.integration.availability.test_busy_time import declare
from tests.integration.availability.test_calendar import opening, published, swept

__all__ = ["practice"]


@pytest.mark.parametrize(
    ("opens", "closes", "first", "last", "count"),
    [
        ("20:00", "00:00", "20:00", "23:40", 12),
        ("20:00", "24:00", "20:00", "23:40", 12),
        ("20:00", "23:59", "20:00", "23:40", 12),
        ("20:00", "02:00", "20:00", "01:40", 18),
        ("23:00", "01:00:00", "23:00", "00:40", 6),
        ("00:00", "24:00", "00:00", "23:40", 72),
    ],
)
async def test_an_opening_runs_to_midnight_and_past_it(
    practice: Practice, opens: str, closes: str, first: str, last: str, count: int
) -> None:
    order = opening(
        practice.territory, weekdays=[4], first_day="2026-11-26", last_day="2026-11-26", minutes=20,
        from_time=opens, to_time=closes, give_back_minutes=0,
    )  # fmt: skip
    assert (await practice.client.post("/openings", json=order)).status_code == 201
    await swept(practice.service)
    await swept(practice.service)
    starts = [datetime.fromisoformat(slot["starts_at"]).astimezone(PARIS) for slot in await published(practice.client)]
    assert (f"{starts[0]:%H:%M}", f"{starts[-1]:%H:%M}", len(starts)) == (first, last, count)


async def test_last_nights_opening_is_cut_again_after_midnight(practice: Practice) -> None:
    order = opening(practice.territory, weekdays=[2], from_time="22:00", to_time="02:00", minutes=60)
    assert (await practice.client.post("/openings", json=order)).status_code == 201
    await swept(practice.service)
    absence = await declare(practice, MORNING + timedelta(hours=15), MORNING + timedelta(hours=18))
    await show(practice.service.settings, datetime(2026, 11, 24, 23, 30, tzinfo=UTC))
    assert (await practice.client.delete(f"/absences/{absence}")).status_code == 204
    await swept(practice.service)
    assert "2026-11-25T00:00:00Z" in [slot["starts_at"] for slot in await published(practice.client)]


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"from_time": "10:00", "to_time": "10:00"}, "to_time", "la fin doit venir après le début"),
        ({"from_time": "14:00", "to_time": "13:00"}, "to_time", "la fin doit venir après le début"),
        ({"from_time": "10:00+01:00"}, "from_time", "heure locale"),
        ({"first_day": "2026-11-26", "last_day": "2026-11-25"}, "last_day", "la fin doit venir après le début"),
        ({"first_day": "0001-01-01"}, "first_day", "de 2000 à 2099"),
        ({"min_age": 9, "max_age": 3}, "body", "âge"),
    ],
)
async def test_a_mistake_in_an_opening_is_said_in_french(
    practice: Practice, changed: dict[str, Any], field: str, words: str
) -> None:
    answer = await practice.client.post("/openings", json=opening(practice.territory, **changed))
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


async def test_two_openings_of_the_same_hours_are_refused(practice: Practice) -> None:
    base = opening(practice.territory)
    assert (await practice.client.post("/openings", json=base)).status_code == 201
    for same in (
        {"weekdays": [5, 6]},
        {"from_time": "14:30", "to_time": "18:00"},
        {"from_time": "13:00", "to_time": "02:00"},
    ):
        refused = await practice.client.post("/openings", json={**base, **same})
        assert (refused.status_code, refused.json()["code"]) == (409, "opening_overlaps")
    for apart in ({"weekdays": [1, 6]}, {"from_time": "15:00", "to_time": "16:00"}):
        assert (await practice.client.post("/openings", json={**base, **apart})).status_code == 201
    night = opening(practice.territory, weekdays=[7], from_time="23:00", to_time="03:00")
    assert (await practice.client.post("/openings", json=night)).status_code == 201
    early = opening(practice.territory, weekdays=[1], from_time="02:00", to_time="04:00")
    assert (await practice.client.post("/openings", json=early)).status_code == 409
