"""What a hold is made of: a booking in the availability service and the change of our request that goes with it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from services.matching.store import Move
from shared.contracts import ON_THE_BOARD, RequestState

BOOKED = frozenset({RequestState.HELD, RequestState.CONFIRMED})
NO_SLOT: dict[str, Any] = {
    "slot_id": None, "booking_id": None, "practitioner_id": None, "held_until": None, "picked": False, "cost": {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Booking:
    """A place taken in a slot for a request."""

    id: UUID
    slot_id: UUID
    practitioner_id: UUID
    held_until: datetime | None


class Bookings(Protocol):
    """What the availability service does for a request; each raises the refusal it was answered with."""

    async def hold(self, cpts_id: str, slot_id: UUID, request_id: UUID, *, minutes: int, attempt: int) -> Booking:
        """Keep a place; the same attempt answers the same booking."""
        ...

    async def confirm(self, booking_id: UUID, patient: dict[str, Any] | None) -> None:
        """Make a held place firm."""
        ...

    async def release(self, booking_id: UUID) -> None:
        """Give a held place back."""
        ...

    async def cancel(self, booking_id: UUID, reason: str) -> None:
        """Give a confirmed place back."""
        ...


async def give_back(bookings: Bookings, booking_id: UUID, *, state: str, reason: str) -> None:
    """Release a held place, cancel a confirmed one."""
    if state == RequestState.HELD:
        await bookings.release(booking_id)
    else:
        await bookings.cancel(booking_id, reason)


def held(
    request_id: UUID, booking: Booking, *, by: str, at: datetime, picked: bool, version: int | None = None
) -> Move:
    """A request has a held place."""
    return Move(
        request_id,
        code="held",
        by=by,
        at=at,
        from_states=ON_THE_BOARD,
        to=RequestState.HELD,
        version=version,
        detail={"slot_id": str(booking.slot_id)},
        values={
            "slot_id": booking.slot_id,
            "booking_id": booking.id,
            "practitioner_id": booking.practitioner_id,
            "held_until": booking.held_until,
            "picked": picked,
            "blockers": {},
            "relaxations": [],
            "reason": "",
        },
    )


def confirmed(request_id: UUID, *, by: str, at: datetime, **values: Any) -> Move:
    """A held place became firm."""
    return Move(
        request_id,
        code="confirmed",
        by=by,
        at=at,
        from_states={RequestState.HELD},
        to=RequestState.CONFIRMED,
        values={"held_until": None, "next_step_at": None, **values},
    )


def reopened(
    request_id: UUID, code: str, *, by: str, at: datetime, states: Collection[RequestState], **values: Any
) -> Move:
    """A request lost its slot and is on the board again."""
    return Move(
        request_id,
        code=code,
        by=by,
        at=at,
        from_states=states,
        to=RequestState.OPEN,
        values={**NO_SLOT, "reason": code, **values},
    )
