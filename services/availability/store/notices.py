"""What practitioners and their delegates are told: a patient expected or no longer, an agenda that broke."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import BookingRow, MembershipRow, SlotRow
from services.people.notices.kinds import NoticeKind
from services.people.notices.store.telling import News, tell_practitioners
from shared.contracts import BookingState
from shared.db import database_now

TOLD = {BookingState.CONFIRMED: NoticeKind.BOOKED, BookingState.CANCELLED: NoticeKind.CANCELLED}
"""A hold is not told: it may lapse in three minutes."""
AGENDA_NEWS_KEPT = timedelta(days=1)


def booking_news(booking: Any, slot: Any, by: str) -> dict[str, Any]:
    """What whose slot it is are told of a booking in one of the states of TOLD, as `places.write` takes it.

    Until the slot begins; several places of a request count as one.
    """
    return {
        "practitioner_id": slot.practitioner_id,
        "kind": TOLD[BookingState(booking.state)],
        "cpts_id": booking.cpts_id,
        "thread": f"booking:{booking.id}",
        "subject": (booking.request_id or str(booking.id)).partition(".")[0],
        "by": by,
        "urgency": booking.urgency,
        "starts_at": slot.starts_at.isoformat(),
        "until": slot.starts_at.isoformat(),
    }


async def tell_of_move(session: AsyncSession, slot_id: UUID, by: str) -> None:
    """Tell whose slot has moved with who is confirmed in it, until it begins."""
    query = select(BookingRow, SlotRow).join(SlotRow, col(SlotRow.id) == col(BookingRow.slot_id))
    moved = query.where(col(SlotRow.id) == slot_id, col(BookingRow.state) == BookingState.CONFIRMED)
    for booking, slot in (await session.exec(moved.execution_options(populate_existing=True))).all():
        news = News(
            kind=NoticeKind.MOVED,
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
        kind=NoticeKind.AGENDA_UNREADABLE,
        cpts_id=(await session.exec(known.order_by(MembershipRow.cpts_id).limit(1))).one_or_none() or "",
        thread=f"agenda:{practitioner_id}",
        subject=f"agenda:{practitioner_id}:{now.date()}",
        by="service",
        until=now + AGENDA_NEWS_KEPT,
    )
    await tell_practitioners(session, [practitioner_id], news)
