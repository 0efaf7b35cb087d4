"""What a hold is made of: a booking in the availability service and the change of our request that goes with it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from services.matching.sameday.store.requests import Move
from services.matching.sameday.store.tables import RequestRow
from shared.contracts import ON_THE_BOARD, RequestState

BOOKED = frozenset({RequestState.HELD, RequestState.CONFIRMED})
NO_SLOT: dict[str, Any] = {
    "slot_id": None, "booking_id": None, "companions": [], "practitioner_id": None, "starts_at": None,
    "held_until": None, "picked": False, "cost": {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Booking:
    """Places taken in a slot for a request: one, and one more for each companion."""

    id: UUID
    companions: tuple[UUID, ...]
    slot_id: UUID
    practitioner_id: UUID
    starts_at: datetime
    held_until: datetime | None

    @property
    def ids(self) -> tuple[UUID, ...]:
        """All of its places."""
        return (self.id, *self.companions)


@dataclass(frozen=True, slots=True)
class OnTop:
    """A slot that a practitioner opens on top of what they offer: where, when, for how long, and why."""

    practitioner_id: UUID
    place_id: UUID
    starts_at: datetime
    minutes: int
    reason: str


class Bookings(Protocol):
    """What the availability service does for a request; each raises the refusal it was answered with."""

    async def hold(self, row: RequestRow, slot_id: UUID, *, minutes: int) -> Booking:
        """Keep the places the request needs; the same version of a request gets the same booking."""
        ...

    async def open_on_top(self, row: RequestRow, place: OnTop, *, minutes: int) -> Booking:
        """Open a slot on top of what the practitioner offers, with all its places held for the request."""
        ...

    async def confirm(self, booking_ids: Iterable[UUID], patient: dict[str, Any] | None) -> None:
        """Make held places firm."""
        ...

    async def release(self, booking_ids: Iterable[UUID]) -> None:
        """Give held places back."""
        ...

    async def cancel(self, booking_ids: Iterable[UUID], reason: str) -> None:
        """Give confirmed places back."""
        ...


def names_of(row: RequestRow) -> list[str]:
    """By which names the availability service knows a request: its id, and one more for each companion."""
    return [str(row.id), *(f"{row.id}.{number}" for number in range(2, row.party + 1))]


def places_of(row: RequestRow) -> tuple[UUID, ...]:
    """The bookings of a request."""
    first = () if row.booking_id is None else (row.booking_id,)
    return (*first, *(UUID(each) for each in row.companions))


async def give_back(bookings: Bookings, booking_ids: Iterable[UUID], *, state: str, reason: str) -> None:
    """Release held places, cancel confirmed ones."""
    if state == RequestState.HELD:
        await bookings.release(booking_ids)
    else:
        await bookings.cancel(booking_ids, reason)


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
            "companions": [str(each) for each in booking.companions],
            "starts_at": booking.starts_at,
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
