"""Where our requests and the bookings of the replica disagree, and what settles it.

A crash between a hold and its record leaves a booking that names a request: it is recorded here. A booking that ended
without us (withdrawn slot, cancelled by the practitioner, lapsed) puts its request back on the board.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.matching.sameday.app.bookings import BOOKED, Booking, agreed_mode, confirmed, held, places_of, reopened
from services.matching.sameday.app.deciding import ROUND
from services.matching.sameday.app.parameters import CptsParameters
from services.matching.sameday.store.requests import Move
from services.matching.sameday.store.tables import RequestRow
from shared.contracts import ON_THE_BOARD, BookingState, RequestState

SETTLE_S = 2.0
"""Real seconds during which a booking and its request may disagree because someone is just writing the other half."""
MISSING_S = 5.0
"""Real seconds after which a booking that the replica never showed is taken for ended."""
WITNESSED = {
    BookingState.HONOURED: RequestState.HONOURED,
    BookingState.NO_SHOW: RequestState.NO_SHOW,
}


@dataclass(frozen=True, slots=True)
class LiveBooking:
    """A booking as the replica shows it, with its slot."""

    booking: Mapping[str, Any]
    slot: Mapping[str, Any]

    @property
    def state(self) -> BookingState:
        """Where it stands."""
        return BookingState(self.booking["state"])

    @property
    def request(self) -> str:
        """The request it names, its own or a companion's; empty when it names none."""
        return str(self.booking["request_id"] or "").partition(".")[0]


@dataclass(slots=True)
class Memory:
    """Since when (real seconds) each booking has been shown, or missed."""

    shown: dict[str, float] = field(default_factory=dict)
    missed: dict[str, float] = field(default_factory=dict)

    def look(self, live: Mapping[str, LiveBooking], wanted: Iterable[str], at_s: float) -> set[str]:
        """Note what is shown now; answers which of the wanted bookings are gone for good."""
        missing = {each for each in wanted if each not in live}
        gone = {each for each in missing if each in self.shown or at_s - self.missed.get(each, at_s) > MISSING_S}
        self.missed = {each: self.missed.get(each, at_s) for each in missing}
        kept = {each: since for each, since in self.shown.items() if each in live or each in missing}
        self.shown = {**dict.fromkeys(live, at_s), **kept}
        return gone

    def settled(self, booking_id: str, at_s: float) -> bool:
        """Whether a booking has been shown long enough for its request to be recorded."""
        return at_s - self.shown[booking_id] >= SETTLE_S


@dataclass(frozen=True, slots=True)
class Surplus:
    """A booking whose request has no use for it."""

    booking_id: UUID
    state: str


def followed(
    row: RequestRow, live: Mapping[str, LiveBooking], gone: set[str], parameters: CptsParameters, now: datetime
) -> Move | None:
    """What the replica says of a held or confirmed request: firm, witnessed, gone, or lapsed."""
    own = str(row.booking_id)
    shown = live.get(own)
    if shown is not None and (state := WITNESSED.get(shown.state)) and row.state == RequestState.CONFIRMED:
        return Move(
            row.id, code=state, by=ROUND, at=now, from_states={RequestState.CONFIRMED}, to=state, version=row.version
        )
    if shown is not None and shown.state == BookingState.CONFIRMED and row.state == RequestState.HELD:
        # Who had it in hand pressed; their own record of it may be on its way.
        by = row.in_hand_by if row.picked and row.in_hand_by else ROUND
        return replace(confirmed(row.id, by=by, at=now), version=row.version)
    if row.state == RequestState.HELD and row.held_until is not None and row.held_until <= now:
        return _lost(row, "expired", parameters, now)
    if any(str(each) in gone for each in places_of(row)) and (row.starts_at is None or row.starts_at > now):
        offered = any(each.slot["id"] == str(row.slot_id) for each in live.values())
        return _lost(row, "booking_ended" if offered else "slot_withdrawn", parameters, now)
    return None


def _lost(row: RequestRow, code: str, parameters: CptsParameters, now: datetime) -> Move:
    due = parameters.next_step(submitted_at=row.submitted_at, urgency=row.urgency, level=row.escalation)
    values: dict[str, Any] = {"next_step_at": None if due is None else max(due, now)}
    if row.state == RequestState.CONFIRMED:
        # Somebody was told: the next answer cannot wait, and must not be the place that was just taken away. Who chose
        # by hand chooses again: a place is kept in mind for them.
        answer_by = now if row.automatic else row.deadline_at
        values |= {"answer_by": answer_by, "forbidden": [*row.forbidden, str(row.slot_id)]}
    change = reopened(row.id, code, by=ROUND, at=now, states={RequestState(row.state)}, **values)
    return replace(change, version=row.version)


def unrecorded(
    rows: Mapping[str, RequestRow], live: Mapping[str, LiveBooking], memory: Memory, at_s: float, now: datetime
) -> Iterator[Move | Surplus]:
    """The bookings that name a request which does not know them: recorded where it seeks, given back elsewhere."""
    for booking_id, shown in live.items():
        row = rows.get(shown.request)
        if row is None or shown.state not in (BookingState.HELD, BookingState.CONFIRMED):
            continue
        if UUID(booking_id) in places_of(row) or not memory.settled(booking_id, at_s):
            continue
        if _wants(row, shown):
            yield _adopted(row, shown, now)
        else:
            yield Surplus(UUID(booking_id), shown.state)


def _wants(row: RequestRow, shown: LiveBooking) -> bool:
    """Whether a request may be given a place that was taken for it: not one that somebody let go."""
    free = row.state in ON_THE_BOARD and row.party == 1 and not shown.booking["overbooked"]
    return free and not {shown.slot["id"], shown.slot["practitioner_id"]} & set(row.forbidden)


def _adopted(row: RequestRow, shown: LiveBooking, now: datetime) -> Move:
    until = shown.booking["held_until"]
    booking = Booking(
        id=UUID(shown.booking["id"]),
        companions=(),
        slot_id=UUID(shown.slot["id"]),
        practitioner_id=UUID(shown.slot["practitioner_id"]),
        starts_at=datetime.fromisoformat(shown.slot["starts_at"]),
        held_until=datetime.fromisoformat(until) if until else None,
        mode=agreed_mode(row.modes, shown.slot["modes"]),
    )
    picked = not row.automatic or row.answer_by > now
    change = held(row.id, booking, by=ROUND, at=now, picked=picked, version=row.version)
    if picked:
        change.values["in_hand_by"] = row.in_hand_by or row.asked_by
    return change


def unseen_places(rows: Iterable[RequestRow], live: Mapping[str, LiveBooking]) -> dict[str, int]:
    """By slot, the places we took that the replica does not show yet."""
    counted: dict[str, int] = {}
    for row in rows:
        if row.state in BOOKED:
            hidden = sum(str(each) not in live for each in places_of(row))
            if hidden:
                counted[str(row.slot_id)] = counted.get(str(row.slot_id), 0) + hidden
    return counted
