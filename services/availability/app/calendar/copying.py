"""« Comme hier »: the slots of the last working day before a day, published again on it, nothing of them lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.app.calendar.openings import SHARED
from services.availability.app.facts import Fact, tell
from services.availability.app.slots import home_of, instant, new_slot
from services.availability.core.slots import Interval
from services.availability.orders import AsBefore, Offer
from services.availability.refusals import NotScheduledThere
from services.availability.store import slots as store
from services.availability.store.absences import away
from services.availability.tables import PlaceRow, ScheduleRow, SlotRow
from shared.auth import Caller
from shared.contracts import SlotView
from shared.db import database_now
from shared.db.clock import day_at, midnight
from shared.typed.zones import zone_of_all

LOOKED_BACK = timedelta(days=14)
OFFERED = ("published", "given_back", "closed")
OWN = ("manual", "opening")
"""Slots that a practitioner put on offer: not those opened on top for one patient."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A slot of that day that could not be published, and why: `there`, `away`, `past`, `not_there`."""

    starts_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Copied:
    """Which day was copied (none had slots: None), what was published of it and what was not."""

    from_day: date | None
    slots: list[SlotView]
    left_out: list[LeftOut]


async def publish_as_before(session: AsyncSession, caller: Caller, order: AsBefore) -> Copied:
    """Publish what can be published; the rest is said, and stops nothing."""
    caller.require_practitioner(order.practitioner_id)
    now = await database_now(session)
    await store.one_at_a_time(session, order.practitioner_id)
    zone = await _clocks_of(session, order.practitioner_id)
    before = await _last_working_day(session, order.practitioner_id, order.day, zone)
    begins, ends = midnight(order.day, zone), midnight(order.day + 2 * DAY, zone)
    absences = await away(session, order.practitioner_id, begins, ends)
    rows: list[SlotRow] = []
    left_out: list[LeftOut] = []
    for slot in before:
        interval = _move_interval(slot, order.day, zone)
        if reason := await _why_not(session, slot, interval, absences, now):
            left_out.append(LeftOut(instant(interval.starts_at_s), reason))
            continue
        notice_s = 0 if slot.give_back_at is None else int((slot.starts_at - slot.give_back_at).total_seconds())
        fields = slot.model_dump(include=set(SHARED))
        rows.append(new_slot(interval, fields, notice_s=notice_s, now=now, origin="manual", own_notice=slot.own_notice))
    published = set(await store.publish_what_fits(session, rows))
    left_out += [LeftOut(row.starts_at, "there") for row in rows if row.id not in published]
    views = await tell(session, [Fact("slot_published.v1", key) for key in sorted(published)], introduce=True)
    day = day_at(before[0].starts_at, zone) if before else None
    slots = sorted(views.values(), key=lambda view: view.starts_at)
    return Copied(day, slots, sorted(left_out, key=lambda each: each.starts_at))


async def _clocks_of(session: AsyncSession, practitioner_id: UUID) -> ZoneInfo:
    """By which clocks somebody works: those of most of their places."""
    where = select(PlaceRow.insee).join(ScheduleRow, col(ScheduleRow.place_id) == col(PlaceRow.id))
    return zone_of_all((await session.exec(where.where(ScheduleRow.practitioner_id == practitioner_id))).all())


async def _last_working_day(
    session: AsyncSession, practitioner_id: UUID, day: date, zone: ZoneInfo
) -> Sequence[SlotRow]:
    """The slots of the last day before this one that had some on offer; what was withdrawn is not looked at."""
    found = (
        select(SlotRow)
        .where(
            SlotRow.practitioner_id == practitioner_id,
            col(SlotRow.starts_at) >= midnight(day, zone) - LOOKED_BACK,
            col(SlotRow.starts_at) < midnight(day, zone),
            col(SlotRow.status).in_(OFFERED),
            col(SlotRow.origin).in_(OWN),
        )
        .order_by(col(SlotRow.starts_at))
    )
    slots = (await session.exec(found)).all()
    last = day_at(slots[-1].starts_at, zone) if slots else None
    return [slot for slot in slots if day_at(slot.starts_at, zone) == last]


async def _why_not(
    session: AsyncSession, slot: SlotRow, interval: Interval, absences: Sequence[Interval], now: datetime
) -> str:
    if interval.starts_at_s <= now.timestamp():
        return "past"
    if any(interval.overlaps(absence) for absence in absences):
        return "away"
    try:
        await home_of(session, Offer(practitioner_id=slot.practitioner_id, place_id=slot.place_id))
    except NotScheduledThere:
        return "not_there"
    return ""


def _move_interval(slot: SlotRow, day: date, zone: ZoneInfo) -> Interval:
    """The same hour of the clock on another day."""
    local = datetime.combine(day, slot.starts_at.astimezone(zone).time(), zone)
    start = int(local.timestamp())
    return Interval(start, start + int((slot.ends_at - slot.starts_at).total_seconds()))
