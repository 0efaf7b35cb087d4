"""Publishing, changing, withdrawing and giving back slots."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, case, literal, null
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.app.facts import Fact, tell
from services.availability.app.places import Turn
from services.availability.core.slots import Interval, give_back_at_s, row_of
from services.availability.orders import Booked, NewSlots, Offer, SlotChange
from services.availability.refusals import InThePast, NotScheduledThere, SlotBooked, SlotUnavailable
from services.availability.store import slots as store
from services.availability.store.ledger import ServedPatients
from services.availability.store.notices import tell_of_move
from services.availability.tables import CptsRow, PracticeRow, ScheduleRow, SlotRow
from shared.auth import Caller
from shared.contracts import BookingState, SlotView
from shared.db import database_now
from shared.db.ids import new_id
from shared.refusals import Invalid

WAITING = (BookingState.HELD, BookingState.CONFIRMED)
DEFAULT_NOTICE_MINUTES = 15


async def home_of(session: AsyncSession, offer: Offer) -> str:
    """The CPTS where these slots are at home; raises `NotScheduledThere`, `Invalid` for an unknown audience."""
    schedule = await session.get(ScheduleRow, (offer.practitioner_id, offer.place_id))
    if schedule is None or schedule.closed_at is not None:
        raise NotScheduledThere(field="place_id", value=offer.place_id)
    known = (await session.exec(select(CptsRow.finess).where(col(CptsRow.finess).in_(offer.audience)))).all()
    if unknown := set(offer.audience).difference(known):
        raise Invalid("Ces CPTS ne sont pas déclarées ici.", field="audience", value=sorted(unknown))
    return schedule.cpts_id


async def notice_s(session: AsyncSession, practitioner_id: UUID, minutes: int | None) -> int:
    """How long before its start an empty slot goes back, in seconds: as asked, else as the practitioner set."""
    if minutes is None:
        practice = await session.get(PracticeRow, practitioner_id)
        minutes = practice.give_back_minutes if practice else DEFAULT_NOTICE_MINUTES
    return minutes * 60


def instant(at_s: int) -> datetime:
    """The aware instant of so many seconds since the epoch."""
    return datetime.fromtimestamp(at_s, UTC)


def offer_fields(offer: Offer, home: str) -> dict[str, Any]:
    """The columns that slots and openings have in common."""
    plain = offer.model_dump(
        include={
            "practitioner_id", "place_id", "capacity", "modes", "types", "acts", "min_age", "max_age", "appointment"
        }
    )  # fmt: skip
    return {**plain, "cpts_id": home, "audience": sorted({home, *offer.audience})}


def new_slot(
    interval: Interval,
    fields: Mapping[str, Any],
    *,
    notice_s: int,
    now: datetime,
    origin: str,
    despite_absence: bool = False,
    own_notice: bool = False,
) -> SlotRow:
    """A published slot, not yet written."""
    give_back = give_back_at_s(interval.starts_at_s, notice_s, int(now.timestamp()))
    return SlotRow(
        **fields,
        id=new_id(now),
        starts_at=instant(interval.starts_at_s),
        ends_at=instant(interval.ends_at_s),
        despite_absence=despite_absence,
        own_notice=own_notice,
        status="published",
        origin=origin,
        fresh_at=now,
        give_back_at=None if give_back is None else instant(give_back),
    )


async def publish_slots(session: AsyncSession, caller: Caller, order: NewSlots) -> list[SlotView]:
    """Publish slots that follow one another, all or none.

    Raises `SlotOverlaps`, `PractitionerAway`, `InThePast`, `NotScheduledThere`.
    """
    caller.require_practitioner(order.practitioner_id)
    now = await database_now(session)
    if order.starts_at <= now:
        raise InThePast(field="starts_at", value=order.starts_at.isoformat(), rule=f"after {now.isoformat()}")
    home = await home_of(session, order)
    await store.one_at_a_time(session, order.practitioner_id)
    notice = await notice_s(session, order.practitioner_id, order.give_back_minutes)
    whole = row_of(int(order.starts_at.timestamp()), order.minutes * 60, order.count)
    fields = offer_fields(order, home)
    rows = [
        new_slot(
            interval,
            fields,
            notice_s=notice,
            now=now,
            origin="manual",
            despite_absence=order.despite_absence,
            own_notice=order.give_back_minutes is not None,
        )
        for interval in whole
    ]
    await store.publish(session, rows)
    facts = [Fact("slot_published.v1", row.id) for row in rows]
    return list((await tell(session, facts, introduce=True)).values())


async def lock_own_slot(session: AsyncSession, caller: Caller, slot_id: UUID) -> SlotRow:
    """A slot that the caller may change, locked; raises `NotFound`, `NotAllowed`."""
    slot = await reads.slot(session, slot_id)
    caller.require_cpts(slot.cpts_id)
    caller.require_practitioner(slot.practitioner_id)
    await store.one_at_a_time(session, UUID(slot.practitioner_id))
    return await store.lock_slot(session, slot_id)


async def change_slot(session: AsyncSession, caller: Caller, slot_id: UUID, order: SlotChange) -> SlotView:
    """Change a published slot; the places taken stay taken, and move with it."""
    slot = await lock_own_slot(session, caller, slot_id)
    if slot.status != "published":
        raise SlotUnavailable
    values = order.model_dump(exclude_none=True, exclude={"give_back_minutes"})
    slot_starts_at = slot.starts_at
    starts_at, ends_at = values.get("starts_at", slot.starts_at), values.get("ends_at", slot.ends_at)
    now = await database_now(session)
    if starts_at != slot.starts_at and starts_at <= now:
        raise InThePast(field="starts_at", value=starts_at.isoformat(), rule=f"after {now.isoformat()}")
    if starts_at >= ends_at:
        raise Invalid("Le créneau finirait avant de commencer.", field="ends_at", rule="after starts_at")
    if values.get("capacity", slot.capacity) < slot.taken:
        raise Invalid(
            "Plus de places sont prises que cela.",
            field="capacity",
            value=order.capacity,
            rule=f"at least {slot.taken}",
        )
    if values.get("min_age", slot.min_age) > values.get("max_age", slot.max_age):
        raise Invalid("L'âge minimal dépasse l'âge maximal.", field="min_age", rule="at most max_age")
    values |= _set_give_back(slot, order.give_back_minutes, starts_at, now)
    served = [] if starts_at == slot_starts_at else await _recount_move(session, slot_id, starts_at)
    await store.change(session, col(SlotRow.id) == slot_id, **values, fresh_at=now)
    if starts_at != slot_starts_at:
        await tell_of_move(session, slot_id, caller.id)
    return (await tell(session, [Fact("slot_changed.v1", slot_id)], served=served))[slot_id]


async def _recount_move(session: AsyncSession, slot_id: UUID, starts_at: datetime) -> list[ServedPatients]:
    """What changes in the ledgers when a locked slot moves with who is in it: another day, perhaps another week."""
    turn = await Turn.at(session, slots=[slot_id])
    gone = [
        ServedPatients.of(turn.ground(slot_id).slot, place, -1) for place in turn.places_of(slot_id) if place.served
    ]
    return gone + [replace(each, by=1, starts_at=starts_at) for each in gone]


def _set_give_back(slot: SlotRow, minutes: int | None, starts_at: datetime, now: datetime) -> dict[str, Any]:
    """When a slot goes back once it is changed: as asked, else as long before its start as until now."""
    if minutes is None and (slot.give_back_at is None or starts_at == slot.starts_at):
        return {}
    before = (
        slot.starts_at - slot.give_back_at if minutes is None and slot.give_back_at else timedelta(minutes=minutes or 0)
    )
    moment = give_back_at_s(int(starts_at.timestamp()), int(before.total_seconds()), int(now.timestamp()))
    said = {} if minutes is None else {"own_notice": True}
    return {"give_back_at": None if moment is None else instant(moment), **said}


async def withdraw_slot(
    session: AsyncSession, caller: Caller, slot_id: UUID, *, reason: str, booked: Booked | None
) -> SlotView:
    """Take a slot back; withdrawing twice is withdrawing once. Raises `SlotBooked` when `booked` must be said."""
    slot = await lock_own_slot(session, caller, slot_id)
    return (await withdraw(session, caller, [slot], reason=reason, booked=booked)).view_of(slot_id)


async def withdraw(
    session: AsyncSession,
    caller: Caller,
    slots: Sequence[SlotRow],
    *,
    reason: str,
    booked: Booked | None,
    absence_id: UUID | None = None,
) -> Turn:
    """Withdraw locked slots and tell it; who is booked is kept or cancelled, as said."""
    ids = [slot.id for slot in slots]
    before = await Turn.at(session, slots=ids)
    affected = [place for slot_id in ids for place in before.places_of(slot_id) if place.state in WAITING]
    if affected and booked is None:
        raise SlotBooked(
            field="booked", rule="keep or cancel", slots=sorted({str(place.slot_id) for place in affected})
        )
    # A slot that an absence took comes back with the absence's end, cut anew; not one that was moved meanwhile.
    taken_by = literal(absence_id, Uuid)
    as_cut = case((col(SlotRow.cut_at) == col(SlotRow.starts_at), taken_by), else_=null())
    await store.change(session, col(SlotRow.id).in_(ids), status="withdrawn", reason=reason, absence_id=as_cut)
    turn = await Turn.at(session, slots=ids)
    if booked == "cancel":
        for place in affected:
            turn.settle(caller, place.id, BookingState.CANCELLED, reason=reason)
    await turn.write(session, caller, first=[Fact("slot_withdrawn.v1", slot_id) for slot_id in ids])
    return turn


async def give_back_slot(session: AsyncSession, caller: Caller, slot_id: UUID) -> SlotView:
    """Give an empty slot back to its practitioner; raises `SlotBooked` when someone is in it."""
    slot = await lock_own_slot(session, caller, slot_id)
    if slot.taken or slot.overbooked:
        raise SlotBooked("Un patient y est inscrit : un créneau ne se rend que vide.", field="slot_id")
    if slot.status == "published":
        await store.change(session, col(SlotRow.id) == slot_id, status="given_back")
    return (await tell(session, [Fact("slot_given_back.v1", slot_id)]))[slot_id]
