"""What practitioners and their delegates are told: a patient expected or no longer, an agenda that broke."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import BookingRow, MembershipRow, SlotRow
from services.people.notices.kinds import Kind
from services.people.notices.telling import News, tell_practitioners
from shared.contracts import BookingState
from shared.db import database_now

TOLD = {BookingState.CONFIRMED: Kind.BOOKED, BookingState.CANCELLED: Kind.CANCELLED}
"""A hold is not told: it may lapse in three minutes."""
AGENDA_NEWS_KEPT = timedelta(days=1)


async def tell_of_bookings(session: AsyncSession, ids: Collection[UUID], *, state: BookingState, by: str) -> None:
    """Tell whose slots these bookings are in, until the slot begins; several places of a request count as one."""
    if state not in TOLD or not ids:
        return
    query = select(BookingRow, SlotRow).join(SlotRow, col(SlotRow.id) == col(BookingRow.slot_id))
    for booking, slot in (await session.exec(query.where(col(BookingRow.id).in_(ids)))).all():
        news = News(
            kind=TOLD[state],
            cpts_id=booking.cpts_id,
            thread=f"booking:{booking.id}",
            subject=(booking.request_id or str(booking.id)).partition(".")[0],
            by=by,
            urgency=booking.urgency,
            starts_at=slot.starts_at,
            until=slot.starts_at,
        )
        await tell_practitioners(session, [slot.practitioner_id], news)


async def tell_of_agenda(session: AsyncSession, practitioner_id: UUID) -> None:
    """Tell a practitioner that their agenda has just become unreadable; each day is a subject of its own."""
    now = await database_now(session)
    known = select(MembershipRow.cpts_id).where(col(MembershipRow.practitioner_id) == practitioner_id)
    news = News(
        kind=Kind.AGENDA_UNREADABLE,
        cpts_id=(await session.exec(known.order_by(MembershipRow.cpts_id).limit(1))).one_or_none() or "",
        thread=f"agenda:{practitioner_id}",
        subject=f"agenda:{practitioner_id}:{now.date()}",
        by="service",
        until=now + AGENDA_NEWS_KEPT,
    )
    await tell_practitioners(session, [practitioner_id], news)
