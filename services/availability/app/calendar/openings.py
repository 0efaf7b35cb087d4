"""Recurring openings and absences, and the slots they make or withdraw."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.app.facts import Fact, tell
from services.availability.app.memberships import require_sole
from services.availability.app.slots import home_of, instant, new_slot, notice_s, offer_fields, withdraw
from services.availability.core.openings import Recurrence, intervals
from services.availability.core.slots import Interval, cut, outside
from services.availability.orders import Booked, NewAbsence, NewOpening
from services.availability.refusals import OpeningOverlaps
from services.availability.store import absences
from services.availability.store import slots as store
from services.availability.store.calendar import add_opening, cut_again, mark_cut, remove_opening
from services.availability.store.interop import agendas
from services.availability.tables import AbsenceRow, OpeningRow, PlaceRow, ScheduleRow, SlotRow
from shared.auth import Caller
from shared.db import Scope, database_now, ring_after_commit, set_scope
from shared.db.clock import day_at
from shared.db.ids import new_id
from shared.refusals import NotFound
from shared.typed.zones import zone_of

SWEEP = "availability:sweep"
"""Rung when there is something to do before the next second."""
HORIZON_DAYS = 3
HORIZON = timedelta(days=HORIZON_DAYS)
AGENDA_REASON = "agenda"
"""Why slots are withdrawn that the practitioner's own agenda is busy with."""
PublicHolidays = Callable[[str, date, date], Collection[date]]
"""The public holidays of a commune between two days, both included."""


async def declare_opening(session: AsyncSession, caller: Caller, order: NewOpening) -> OpeningRow:
    """Open every week; the next days' slots follow within a second. Raises `OpeningOverlaps`."""
    caller.require_practitioner(order.practitioner_id)
    home = await home_of(session, order)
    await store.one_at_a_time(session, order.practitioner_id)
    await _require_apart(session, order)
    rule = order.model_dump(
        include={
            "weekdays", "from_time", "to_time", "minutes", "first_day", "last_day", "on_public_holidays",
            "give_back_minutes",
        }
    )  # fmt: skip
    opening = OpeningRow(**offer_fields(order, home), **rule, id=new_id(await database_now(session)))
    await add_opening(session, opening)
    ring_after_commit(session, SWEEP)
    return opening


async def _require_apart(session: AsyncSession, order: NewOpening) -> None:
    """One is at one place at a time: two openings of the same hours are a mistake, or one of them is."""
    wanted = recurrence_of(order)
    for opening in await openings_of(session, order.practitioner_id):
        if wanted.overlaps(recurrence_of(opening)):
            raise OpeningOverlaps(field="from_time", value=str(opening.from_time), opening_id=str(opening.id))


def recurrence_of(opening: OpeningRow | NewOpening) -> Recurrence:
    """When an opening takes place."""
    return Recurrence(
        frozenset(opening.weekdays),
        opening.from_time,
        opening.to_time,
        opening.first_day,
        opening.last_day,
        opening.on_public_holidays,
    )


async def openings_of(session: AsyncSession, practitioner_id: UUID) -> Sequence[OpeningRow]:
    """The recurring openings of a practitioner."""
    found = select(OpeningRow).where(OpeningRow.practitioner_id == practitioner_id).order_by(col(OpeningRow.id))
    return (await session.exec(found)).all()


async def end_opening(session: AsyncSession, caller: Caller, opening_id: UUID, booked: Booked | None) -> None:
    """Stop opening; slots to come are withdrawn, who is booked is kept or cancelled as said. Raises `SlotBooked`."""
    opening = await session.get(OpeningRow, opening_id)
    if opening is None:
        raise NotFound
    caller.require_practitioner(opening.practitioner_id)
    await store.one_at_a_time(session, opening.practitioner_id)
    coming = await store.lock_slots(session, col(SlotRow.opening_id) == opening_id, *store.TO_COME)
    await withdraw(session, caller, coming, reason="opening ended", booked=booked)
    await remove_opening(session, opening)


async def declare_absence(session: AsyncSession, caller: Caller, order: NewAbsence) -> AbsenceRow:
    """A practitioner is away: their slots meanwhile are withdrawn, in every CPTS. Raises `SlotBooked`."""
    await require_sole(session, caller, order.practitioner_id)
    absence = AbsenceRow(**order.model_dump(exclude={"booked"}), id=new_id(await database_now(session)))
    await absences.begin_absence(session, absence)
    await everywhere_for(session, order.practitioner_id)
    await store.one_at_a_time(session, order.practitioner_id)
    meanwhile = await store.lock_slots(session, *_within(order.practitioner_id, order.starts_at, order.ends_at))
    await withdraw(session, caller, meanwhile, reason="absence", booked=order.booked, absence_id=absence.id)
    return absence


async def absences_of(session: AsyncSession, practitioner_id: UUID) -> Sequence[AbsenceRow]:
    """The absences of a practitioner."""
    found = select(AbsenceRow).where(AbsenceRow.practitioner_id == practitioner_id).order_by(col(AbsenceRow.starts_at))
    return (await session.exec(found)).all()


async def end_absence(session: AsyncSession, caller: Caller, absence_id: UUID) -> None:
    """A practitioner is there after all: their recurring openings are cut again, one-off slots do not come back."""
    absence = await session.get(AbsenceRow, absence_id)
    if absence is None:
        raise NotFound
    await require_sole(session, caller, absence.practitioner_id)
    await absences.end_absence(session, absence)
    await everywhere_for(session, absence.practitioner_id)
    await cut_again(session, absence.practitioner_id)
    ring_after_commit(session, SWEEP)


async def be_busy(
    session: AsyncSession, caller: Caller, practitioner_id: UUID, periods: Sequence[tuple[datetime, datetime]]
) -> None:
    """Make the absences that come from a practitioner's agenda these ones, and leave the others alone.

    Slots meanwhile are withdrawn, but for those published on purpose; who is booked stays booked. The caller holds
    the queue of this practitioner's slots.
    """
    now = await database_now(session)
    known = {(row.starts_at, row.ends_at): row.id for row in await agendas.busy_absences(session, practitioner_id)}
    gone, new = known.keys() - set(periods), sorted(set(periods) - known.keys())
    await everywhere_for(session, practitioner_id)
    await agendas.end_absences(session, [known[period] for period in gone])
    if any(ends_at > now for _, ends_at in gone):
        await cut_again(session, practitioner_id)
        ring_after_commit(session, SWEEP)
    for absence_id, starts_at, ends_at in await agendas.begin_absences(session, practitioner_id, new, now):
        unwanted = col(SlotRow.despite_absence).is_(False)
        meanwhile = await store.lock_slots(session, *_within(practitioner_id, starts_at, ends_at), unwanted)
        if meanwhile:
            await withdraw(session, caller, meanwhile, reason=AGENDA_REASON, booked="keep", absence_id=absence_id)


def _within(practitioner_id: UUID, starts_at: datetime, ends_at: datetime) -> tuple[Any, ...]:
    return (
        col(SlotRow.practitioner_id) == practitioner_id,
        col(SlotRow.starts_at) < ends_at,
        col(SlotRow.ends_at) > starts_at,
        *store.TO_COME,
    )


async def everywhere_for(session: AsyncSession, practitioner_id: UUID) -> None:
    """An absence holds in every CPTS: reach all the slots of this practitioner, and nobody else's."""
    await set_scope(session, Scope(frozenset({"*"}), frozenset({str(practitioner_id)})))


async def cut_openings(session: AsyncSession, cpts_id: str, public_holidays: PublicHolidays) -> None:
    """Publish the slots of the coming days that recurring openings make; doing it twice is doing it once."""
    now = await database_now(session)
    first_today, last_today = now.date() - timedelta(days=1), now.date() + timedelta(days=1)
    due = (
        select(OpeningRow, PlaceRow.insee)
        .join(PlaceRow, col(PlaceRow.id) == col(OpeningRow.place_id))
        .outerjoin(
            ScheduleRow,
            (col(ScheduleRow.practitioner_id) == col(OpeningRow.practitioner_id))
            & (col(ScheduleRow.place_id) == col(OpeningRow.place_id)),
        )
        .where(
            OpeningRow.cpts_id == cpts_id,
            col(ScheduleRow.closed_at).is_(None),
            or_(col(OpeningRow.cut_until).is_(None), col(OpeningRow.cut_until) < last_today + HORIZON),
            OpeningRow.first_day <= last_today + HORIZON,
            or_(col(OpeningRow.last_day).is_(None), col(OpeningRow.last_day) >= first_today),
        )
        .order_by(col(OpeningRow.practitioner_id), col(OpeningRow.id))
    )
    published: list[UUID] = []
    for opening, insee in (await session.exec(due)).all():
        today = day_at(now, zone_of(insee))
        last = today + HORIZON
        if opening.cut_until is not None and opening.cut_until >= last:
            continue
        await store.one_at_a_time(session, opening.practitioner_id)
        # An absence closes time in every CPTS: look for them everywhere.
        await everywhere_for(session, opening.practitioner_id)
        first = opening.cut_until + timedelta(days=1) if opening.cut_until and opening.cut_until >= today else today
        # Some of last night's may be to come.
        first -= timedelta(days=opening.to_time <= opening.from_time)
        slots = await _slots_of(session, opening, insee, (first, last), public_holidays(insee, first, last))
        fields = opening.model_dump(include=set(SHARED))
        notice = await notice_s(session, opening.practitioner_id, opening.give_back_minutes)
        rows = [
            new_slot(
                slot,
                {**fields, "opening_id": opening.id, "cut_at": instant(slot.starts_at_s)},
                notice_s=notice,
                now=now,
                origin="opening",
                own_notice=opening.give_back_minutes is not None,
            )
            for slot in slots
            if slot.starts_at_s > now.timestamp()
        ]
        published += await store.publish_what_fits(session, rows)
        await mark_cut(session, opening.id, last)
    await tell(session, [Fact("slot_published.v1", slot_id) for slot_id in published], introduce=True)


SHARED = (
    "cpts_id", "practitioner_id", "place_id", "capacity", "modes", "types", "audience", "acts", "min_age", "max_age",
    "appointment",
)  # fmt: skip


async def _slots_of(
    session: AsyncSession, opening: OpeningRow, insee: str, days: tuple[date, date], holidays: Collection[date]
) -> list[Interval]:
    first, last = days
    zone = zone_of(insee)
    open_at = intervals(recurrence_of(opening), first=first, last=last, public_holidays=holidays, zone=zone)
    whole = [slot for interval in open_at for slot in cut(interval, opening.minutes * 60)]
    if not whole:
        return []
    begins, ends = instant(min(slot.starts_at_s for slot in whole)), instant(max(slot.ends_at_s for slot in whole))
    return outside(whole, await absences.away(session, opening.practitioner_id, begins, ends))
