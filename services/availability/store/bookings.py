"""Guarded writes of bookings, each with its row of history."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy import literal, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.store.notices import tell_of_bookings
from services.availability.store.slots import NOW, locked
from services.availability.tables import BookingChangeRow, BookingRow, SlotRow
from shared.contracts import LIVE_BOOKING, BookingState
from shared.db import database_now, run
from shared.ids import new_id
from shared.refusals import NotFound


async def book(
    session: AsyncSession,
    *,
    slot_id: UUID,
    request_id: str | None,
    by: str,
    state: BookingState,
    hold: timedelta | None = None,
    reason: str | None = None,
    urgency: int | None = None,
    own_patient: bool = False,
) -> UUID | None:
    """Write a booking (a hold, or what is taken on top); None when the request already has one of this slot."""
    values: dict[str, Any] = {
        "id": new_id(await database_now(session)),
        "cpts_id": select(SlotRow.cpts_id).where(SlotRow.id == slot_id).scalar_subquery(),
        "slot_id": slot_id,
        "request_id": request_id,
        "state": state,
        "held_by": by,
        "held_until": NOW + hold if hold else None,
        "overbooked": hold is None,
        "own_patient": own_patient,
        "reason": reason,
        "urgency": urgency,
    }
    once = insert(BookingRow).values(values).on_conflict_do_nothing()
    booking_id: UUID | None = (await run(session, once.returning(col(BookingRow.id)))).scalar_one_or_none()
    return booking_id


async def of_request(session: AsyncSession, slot_id: UUID, request_id: str | None) -> BookingRow | None:
    """The live booking of a slot by a request, if it has one."""
    found = select(BookingRow).where(
        BookingRow.slot_id == slot_id, BookingRow.request_id == request_id, col(BookingRow.state).in_(LIVE_BOOKING)
    )
    return (await session.exec(found.execution_options(populate_existing=True))).one_or_none()


async def locked_with_slot(session: AsyncSession, booking_id: UUID) -> tuple[BookingRow, SlotRow]:
    """A booking and its slot, locked until the commit; raises `NotFound`."""
    its_slot = select(BookingRow.slot_id).where(BookingRow.id == booking_id).scalar_subquery()
    slots = await locked(session, col(SlotRow.id) == its_slot)
    if not slots:
        raise NotFound
    # Read under the slot's lock: nobody changes this booking any more.
    found = select(BookingRow).where(BookingRow.id == booking_id).execution_options(populate_existing=True)
    return (await session.exec(found)).one(), slots[0]


async def settle(
    session: AsyncSession, *conditions: Any, before: Collection[BookingState], after: BookingState, **values: Any
) -> list[UUID]:
    """Bring the bookings that meet these conditions from one state to another; answers which."""
    changed = update(BookingRow).where(*conditions, col(BookingRow.state).in_(before))
    settled = changed.values(state=after, held_until=None, **values).returning(col(BookingRow.id))
    return list((await run(session, settled)).scalars())


async def remember(session: AsyncSession, ids: Collection[UUID], *, state: BookingState, by: str, role: str) -> None:
    """Write one row of history for each of these bookings, and a notice for who gives the care."""
    said = (NOW, literal(state), literal(by), literal(role))
    of_each = sqlalchemy.select(col(BookingRow.cpts_id), col(BookingRow.id), *said)
    columns = ["cpts_id", "booking_id", "at", "state", "by", "role"]
    row = insert(BookingChangeRow).from_select(columns, of_each.where(col(BookingRow.id).in_(ids)))
    await run(session, row)
    await tell_of_bookings(session, ids, state=state, by=by)


LAPSED = (col(BookingRow.state) == BookingState.HELD, col(BookingRow.held_until) <= NOW)


async def slots_with_lapsed_holds(session: AsyncSession, *conditions: Any) -> list[UUID]:
    """The slots that a lapsed hold still takes a place of."""
    found = select(BookingRow.slot_id).join(SlotRow, col(SlotRow.id) == col(BookingRow.slot_id)).distinct()
    return list((await session.exec(found.where(*LAPSED, *conditions))).all())
