"""The days a CPTS lived: its requests as they are stored here, its slots as the availability service keeps them.

A slot counts with the places that the patients of the day could have had: those that others took are gone, and of a
later day's slots only the places that this day's patients did take. One given back unused was on offer until then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.model import Practitioner, Slot
from services.matching.lab.days.day import Day
from services.matching.sameday.app.parameters import CptsParameters
from services.matching.sameday.app.round.deciding import core_request
from services.matching.sameday.edges.availability import AvailabilityAway
from services.matching.sameday.edges.following import Territory, core_slot
from services.matching.sameday.store.tables import RequestRow
from shared.db.clock import PARIS, day_at, midnight

NEVER_ASKED = ("mistake", "duplicate")
"""Reasons of cancellation that say that there was no request."""
LATER = timedelta(days=2)
"""P4 waits 48 h: slots that a day's patients may have had begin within two days more."""


def morning_of(at: datetime, days: int = 0, zone: ZoneInfo = PARIS) -> datetime:
    """When the day of an instant began by these clocks, or another one so many days later, as they show it."""
    return midnight(day_at(at, zone) + timedelta(days=days), zone)


def evening_of(morning: datetime) -> datetime:
    """When the day of a morning ends, by the clocks of that morning."""
    return datetime.combine(morning.date() + timedelta(days=1), time(), morning.tzinfo)


class SlotHistory:
    """Reads the slots of days gone from the availability service."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """`client` speaks to the availability service with our machine token."""
        self._client = client

    async def slots(self, cpts_id: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
        """Every slot that began between two instants, live or not; raises `AvailabilityAway`."""
        asked = {"cpts": cpts_id, "from": since.isoformat(), "to": until.isoformat(), "past": "true"}
        try:
            answer = (await self._client.get("/slots", params=asked)).raise_for_status()
        except (httpx.HTTPError, OSError) as error:
            raise AvailabilityAway("Les créneaux passés ne répondent pas : réessayez.") from error
        found: list[dict[str, Any]] = answer.json()["slots"]
        return found

    async def days(
        self,
        cpts_id: str,
        mornings: Sequence[datetime],
        requests: Sequence[RequestRow],
        territory: Territory,
        parameters: CptsParameters,
    ) -> list[Day]:
        """The days that began at these instants and saw one of the requests, in order, as the mornings are."""
        since, until = days_of(mornings)
        if not any(since <= row.submitted_at < until for row in requests):
            return []
        slots = await self.slots(cpts_id, *reach_of(mornings))
        return read_lived_days(mornings, requests, slots, territory, parameters)


def days_of(mornings: Sequence[datetime]) -> tuple[datetime, datetime]:
    """When the first of these days begins and the last one ends."""
    return mornings[0], evening_of(mornings[-1])


def reach_of(mornings: Sequence[datetime]) -> tuple[datetime, datetime]:
    """Between which instants the slots begin that the patients of these days may have had."""
    since, until = days_of(mornings)
    return since, until + LATER


def read_lived_days(
    mornings: Sequence[datetime],
    requests: Sequence[RequestRow],
    slots: Iterable[dict[str, Any]],
    territory: Territory,
    parameters: CptsParameters,
) -> list[Day]:
    """The days that began at these instants and saw a request; `slots`: every value there is within their reach."""
    ledgers = territory.practitioners(int(days_of(mornings)[1].timestamp()))
    known = [
        (value, core_slot(value, place, practitioner))
        for value in slots
        if (place := territory.items("places").get(value["place_id"]))
        and (practitioner := territory.items("practitioners").get(value["practitioner_id"]))
    ]
    lived = (build_lived_day(morning, requests, known, ledgers, parameters) for morning in mornings)
    return [day for day in lived if day.requests]


async def requests_between(
    session: AsyncSession, cpts_id: str, since: datetime, until: datetime
) -> Sequence[RequestRow]:
    """What was asked between two instants, in order, mistakes left out."""
    rows = await session.exec(
        select(RequestRow)
        .where(
            RequestRow.cpts_id == cpts_id,
            col(RequestRow.submitted_at) >= since,
            col(RequestRow.submitted_at) < until,
            col(RequestRow.reason).not_in(NEVER_ASKED),
        )
        .order_by(col(RequestRow.submitted_at), col(RequestRow.id))
    )
    return rows.all()


def build_lived_day(
    morning: datetime,
    requests: Iterable[RequestRow],
    slots: Iterable[tuple[Mapping[str, Any], Slot]],
    ledgers: Sequence[Practitioner],
    parameters: CptsParameters,
) -> Day:
    """One day, from what is stored of it: `slots` pairs each stored value with the slot it is to the engine."""
    evening = evening_of(morning)
    asked = tuple(core_request(row) for row in requests if morning <= row.submitted_at < evening)
    names = {request.id for request in asked}
    opens, closes = int(morning.timestamp()), int(evening.timestamp())
    offered: list[Slot] = []
    published: list[int] = []
    for value, slot in slots:
        ours = sum(booking["request_id"] in names for booking in value["bookings"])
        in_the_day = opens <= slot.starts_at_s < closes
        places = ours + (slot.places if in_the_day and value["status"] != "withdrawn" else 0)
        if places > 0 and slot.starts_at_s >= opens:
            offered.append(replace(slot, places=places))
            published.append(min(max(opens, _read_written_at_s(value["id"], opens)), slot.starts_at_s))
    return Day(
        name=morning.date().isoformat(),
        opens_at_s=opens,
        closes_at_s=max([closes, *(slot.ends_at_s for slot in offered)]),
        requests=asked,
        slots=tuple(offered),
        published_at_s=tuple(published),
        practitioners=tuple(ledgers),
        parameters=parameters.core,
    )


def _read_written_at_s(slot_id: str, otherwise: int) -> int:
    """When a slot was published: its identifier begins with the milliseconds of that instant (UUID version 7)."""
    value = UUID(slot_id)
    return (value.int >> 80) // 1000 if value.version == 7 else otherwise
