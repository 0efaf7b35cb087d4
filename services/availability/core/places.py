"""A place taken in a slot, as a value."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts import BookingState


@dataclass(frozen=True, slots=True)
class TakenPlace:
    """One place taken in a slot: a booking as it stands, or as it will."""

    id: UUID
    cpts_id: str
    slot_id: UUID
    request_id: str | None
    state: BookingState
    held_by: str
    held_until: datetime | None = None
    overbooked: bool = False
    own_patient: bool = False
    regulated_at: datetime | None = None
    urgency: int | None = None

    @property
    def served(self) -> bool:
        """Whether it counts as a patient served."""
        return self.state in (BookingState.CONFIRMED, BookingState.HONOURED)
