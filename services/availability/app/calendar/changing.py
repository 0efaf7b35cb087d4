"""Changing a recurring opening from a day on: what came before stays as it was."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.app.calendar.openings import declare_opening
from services.availability.app.slots import withdraw
from services.availability.orders import ChangedOpening, NewOpening
from services.availability.refusals import SlotBooked
from services.availability.store import slots as store
from services.availability.store.calendar import remove_opening, shorten_opening
from services.availability.tables import OpeningRow, PlaceRow, SlotRow
from shared.auth import Caller
from shared.refusals import Invalid, NotFound
from shared.typed.zones import zone_of


async def change_opening(session: AsyncSession, caller: Caller, opening_id: UUID, order: ChangedOpening) -> OpeningRow:
    """End an opening the day before and open as ordered from `first_day` on, in one transaction.

    Its empty slots from that day on are cut anew; those with somebody in them stay, or are cancelled, as said. Raises
    `SlotBooked` when `booked` must be said, `OpeningOverlaps`.
    """
    opening = await session.get(OpeningRow, opening_id)
    if opening is None:
        raise NotFound
    caller.require_practitioner(opening.practitioner_id)
    if order.practitioner_id != opening.practitioner_id:
        raise Invalid(field="practitioner_id", value=order.practitioner_id, rule="whose opening it is")
    await store.one_at_a_time(session, opening.practitioner_id)
    place = await session.get_one(PlaceRow, opening.place_id)
    begins = datetime.combine(order.first_day, opening.from_time, zone_of(place.insee))
    this = (col(SlotRow.opening_id) == opening_id, col(SlotRow.starts_at) >= begins)
    coming = await store.lock_slots(session, *this, *store.TO_COME)
    empty = [slot for slot in coming if not slot.taken + slot.overbooked]
    if order.booked is None and len(empty) < len(coming):
        busy = sorted(str(slot.id) for slot in coming if slot not in empty)
        raise SlotBooked(field="booked", rule="keep or cancel", slots=busy)
    gone = coming if order.booked == "cancel" else empty
    await withdraw(session, caller, gone, reason="opening changed", booked=order.booked)
    if opening.first_day < order.first_day:
        before = order.first_day - timedelta(days=1)
        await shorten_opening(session, opening, min(before, opening.last_day or before))
    else:
        await remove_opening(session, opening)
    return await declare_opening(session, caller, NewOpening(**order.model_dump(exclude={"booked"})))
