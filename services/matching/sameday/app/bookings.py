"""What a hold is made of: a booking in the availability service and the change of our request that goes with it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from services.matching.sameday.store.requests import Move
from services.matching.sameday.store.tables import RequestRow
from shared.contracts import ON_THE_BOARD, BookingAnswer, RequestState
from shared.refusals import Refusal

BOOKED = frozenset({RequestState.HELD, RequestState.CONFIRMED})
NO_SLOT: dict[str, Any] = {
    "slot_id": None, "booking_id": None, "companions": [], "practitioner_id": None, "starts_at": None,
    "held_until": None, "picked": False, "cost": {}, "mode": "",
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
    mode: str = ""

    @property
    def ids(self) -> tuple[UUID, ...]:
        """All of its places."""
        return (self.id, *self.companions)


@dataclass(frozen=True, slots=True)
class ExtraSlot:
    """A slot that a practitioner opens on top of what they offer: where, when, for how long, and why."""

    practitioner_id: UUID
    place_id: UUID
    starts_at: datetime
    minutes: int
    reason: str


class Bookings(Protocol):
    """What the availability service does for a request; each raises the refusal it was answered with."""

    async def hold(self, row: RequestRow, slot_id: UUID, *, minutes: int, mode: str = "") -> Booking:
        """Keep the places the request needs, all or none; the same request gets the same booking of a slot.

        `mode`: how they agreed to meet, if somebody chose; the first that both the slot and the request allow else.
        """
        ...

    async def open_on_top(self, row: RequestRow, place: ExtraSlot, *, minutes: int) -> Booking:
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

    async def hold_each(
        self, orders: Sequence[tuple[RequestRow, UUID]], *, minutes: int
    ) -> Sequence[Booking | Refusal]:
        """Keep a slot for each of these requests, in one call, for a machine; to each its booking, or the refusal."""
        ...

    async def confirm_each(
        self, orders: Sequence[tuple[tuple[UUID, ...], dict[str, Any] | None]]
    ) -> Sequence[Refusal | None]:
        """Make the places of each request firm, in one call, and tell its patient; to each None or what refused it."""
        ...

    async def give_back_each(self, orders: Sequence[tuple[UUID, str]], reason: str) -> Sequence[Refusal | None]:
        """Give places back, in one call, each by the state it is known in; what ended meanwhile is refused."""
        ...

    async def ask(self, booking_ids: Collection[str]) -> Mapping[str, BookingAnswer | None]:
        """Where these bookings stand now; None where it knows none of that id. Raises `AvailabilityAway`."""
        ...


def names_of(row: RequestRow) -> list[str]:
    """By which names the availability service knows a request: its id, and one more for each companion."""
    return [str(row.id), *(f"{row.id}.{number}" for number in range(2, row.party + 1))]


def places_of(row: RequestRow) -> tuple[UUID, ...]:
    """The bookings of a request."""
    first = () if row.booking_id is None else (row.booking_id,)
    return (*first, *(UUID(each) for each in row.companions))


def agree_mode(wished: Collection[str], offered: Collection[str]) -> str:
    """How they meet when nobody said: the first way that the request names and the slot offers."""
    return next((mode for mode in wished if mode in offered), "")


async def give_back(bookings: Bookings, booking_ids: Iterable[UUID], *, state: str, reason: str) -> None:
    """Release held places, cancel confirmed ones."""
    if state == RequestState.HELD:
        await bookings.release(booking_ids)
    else:
        await bookings.cancel(booking_ids, reason)


def record_hold(
    request_id: UUID,
    booking: Booking,
    *,
    by: str,
    at: datetime,
    picked: bool,
    version: int | None = None,
    instead_of: UUID | None = None,
) -> Move:
    """A request has a held place; when somebody picked it, they have it in hand. `instead_of`: the hold it replaces."""
    return Move(
        request_id,
        code="held",
        by=by,
        at=at,
        from_states=ON_THE_BOARD if instead_of is None else {RequestState.HELD},
        to=RequestState.HELD,
        version=version,
        booking_id=instead_of,
        detail={"slot_id": str(booking.slot_id)},
        values={**hold_columns(booking, by=by, picked=picked), "blockers": {}, "relaxations": [], "reason": ""},
    )


def hold_columns(booking: Booking, *, by: str, picked: bool) -> dict[str, Any]:
    """The columns of a request that has a held place."""
    in_hand = {"in_hand_by": by, "in_hand_until": booking.held_until} if picked else {}
    return {
        "slot_id": booking.slot_id,
        "mode": booking.mode,
        "booking_id": booking.id,
        "companions": [str(each) for each in booking.companions],
        "starts_at": booking.starts_at,
        "practitioner_id": booking.practitioner_id,
        "held_until": booking.held_until,
        "picked": picked,
        **in_hand,
    }


def record_confirmation(
    request_id: UUID, *, by: str, at: datetime, booking_id: UUID | None = None, **values: Any
) -> Move:
    """A held place became firm; with `booking_id`, this one."""
    return Move(
        request_id,
        code="confirmed",
        by=by,
        at=at,
        from_states={RequestState.HELD},
        to=RequestState.CONFIRMED,
        booking_id=booking_id,
        values={"held_until": None, "next_step_at": None, "in_hand_until": None, **values},
    )


def reopen(
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
