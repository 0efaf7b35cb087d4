"""Where our requests and the bookings of the replica disagree, and what settles it.

A replica may be late: what it does not show is no proof, and neither is what it still shows. Wherever the two disagree
the availability service is asked, all doubts in one call, and only what it answers is acted upon. A crash between a
hold and its record leaves a booking that names a request: it is recorded here. A booking that ended without us
(withdrawn slot, cancelled by the practitioner, lapsed) puts its request back on the board.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.matching.sameday.app.bookings import (
    BOOKED,
    Booking,
    agree_mode,
    names_of,
    places_of,
    record_confirmation,
    record_hold,
    reopen,
)
from services.matching.sameday.app.parameters import CptsParameters
from services.matching.sameday.app.round.deciding import ROUND
from services.matching.sameday.app.round.moving import slot_moved
from services.matching.sameday.store.requests import Move
from services.matching.sameday.store.tables import RequestRow
from shared.contracts import LIVE_BOOKING, ON_THE_BOARD, BookingAnswer, BookingState, RequestState

SETTLE_S = 2.0
"""Real seconds during which a booking and its request may disagree because someone is just writing the other half."""
ASK_AGAIN_S = 5.0
"""Real seconds after which the availability service is asked again about the same doubt."""
PARTY_S = 30.0
"""Real seconds that the places of people to be seen together have to become complete."""
TAKEN = (BookingState.HELD, BookingState.CONFIRMED)
WITNESSED = {
    BookingState.HONOURED: RequestState.HONOURED,
    BookingState.NO_SHOW: RequestState.NO_SHOW,
}
Answers = Mapping[str, BookingAnswer | None]
"""What the availability service answered of the bookings that it was asked about; None: it knows none of that id."""


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

    @property
    def takes(self) -> bool:
        """Whether it keeps a place for somebody who is still to come."""
        return self.state in TAKEN


@dataclass(slots=True)
class Memory:
    """Since when (real seconds) each booking has been shown, or missed, and when it was last asked about."""

    shown: dict[str, float] = field(default_factory=dict)
    missed: dict[str, float] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    """Bookings that name no request of this CPTS."""

    def look(self, live: Mapping[str, LiveBooking], wanted: Iterable[str], at_s: float) -> None:
        """Note what is shown and what is missed now."""
        missing = {each for each in wanted if each not in live}
        self.missed = {each: self.missed.get(each, at_s) for each in missing}
        kept = {each: since for each, since in self.shown.items() if each in live or each in missing}
        self.shown = {**dict.fromkeys(live, at_s), **kept}
        self.asked = {each: when for each, when in self.asked.items() if each in self.shown or each in self.missed}

    def measure_shown_s(self, booking_id: str, at_s: float) -> float:
        """For how long a booking has been shown."""
        return at_s - self.shown.get(booking_id, at_s)

    def ask_at_s(self, booking_id: str, ready_at_s: float) -> float:
        """When to ask about a doubt that is old enough at `ready_at_s`: not again and again."""
        return max(ready_at_s, self.asked.get(booking_id, ready_at_s - ASK_AGAIN_S) + ASK_AGAIN_S)


@dataclass(frozen=True, slots=True)
class Surplus:
    """A booking whose request has no use for it."""

    booking_id: UUID
    request_id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What a round sees: the requests by id, the bookings of the replica, what it remembers; real seconds, and now."""

    rows: Mapping[str, RequestRow]
    live: Mapping[str, LiveBooking]
    memory: Memory
    at_s: float
    now: datetime

    @property
    def booked(self) -> list[RequestRow]:
        """The requests with a place."""
        return [row for row in self.rows.values() if row.state in BOOKED]


def _doubtful(sight: Sight) -> Iterator[tuple[str, float]]:
    """The bookings that are in doubt, and when each may be asked about (real seconds).

    Those that our requests miss, holds that lapsed, and those that nobody recorded.
    """
    memory = sight.memory
    for row in sight.booked:
        lapsed = row.state == RequestState.HELD and row.held_until is not None and row.held_until <= sight.now
        over = row.state == RequestState.CONFIRMED and row.starts_at is not None and row.starts_at <= sight.now
        for each in map(str, places_of(row)):
            if lapsed or (each in memory.missed and each in memory.shown and not over):
                yield each, memory.ask_at_s(each, sight.at_s)
            elif each in memory.missed and not over:
                yield each, memory.ask_at_s(each, memory.missed[each] + SETTLE_S)
    for each, _ in _unknown(sight):
        yield each, memory.ask_at_s(each, memory.shown[each] + SETTLE_S)


def doubts(sight: Sight) -> list[str]:
    """The bookings to ask about now; they are remembered as asked."""
    asked = sorted({each for each, ask_at_s in _doubtful(sight) if ask_at_s <= sight.at_s})
    sight.memory.asked |= dict.fromkeys(asked, sight.at_s)
    return asked


def next_doubt_s(sight: Sight) -> float | None:
    """In how many real seconds there is something to ask; None when requests and bookings agree."""
    moments = [ask_at_s for _, ask_at_s in _doubtful(sight)]
    return max(0.1, min(moments) - sight.at_s) if moments else None


def _unknown(sight: Sight) -> Iterator[tuple[str, RequestRow]]:
    """The bookings that take a place for a request which does not know them, or no longer."""
    for booking_id, shown in sight.live.items():
        row = sight.rows.get(shown.request)
        if row is not None and shown.takes and not _uses(row, booking_id):
            yield booking_id, row


def _uses(row: RequestRow, booking_id: str) -> bool:
    return row.state in BOOKED and UUID(booking_id) in places_of(row)


def find_in_flight(sight: Sight) -> set[UUID]:
    """The requests that somebody holds a place for this very moment, and may be about to record."""
    return {row.id for booking_id, row in _unknown(sight) if _wants(row, sight.live[booking_id])}


def follow_bookings(
    row: RequestRow, live: Mapping[str, LiveBooking], answers: Answers, parameters: CptsParameters, now: datetime
) -> Move | None:
    """What is known of a held or confirmed request's bookings: firm, witnessed, ended. Silence says nothing."""
    own = live.get(str(row.booking_id))
    if own is not None and (moved := slot_moved(row, own.slot, now)) is not None:
        return moved
    state = _state(str(row.booking_id), live, answers)
    if row.state == RequestState.CONFIRMED and (witnessed := WITNESSED.get(state)) is not None:
        states = {RequestState.CONFIRMED}
        return Move(row.id, code=witnessed, by=ROUND, at=now, from_states=states, to=witnessed, version=row.version)
    if state == BookingState.CONFIRMED and row.state == RequestState.HELD:
        # Who had it in hand pressed; their own record of it may be on its way.
        by = row.in_hand_by if row.picked and row.in_hand_by else ROUND
        return replace(record_confirmation(row.id, by=by, at=now), version=row.version)
    ended = [answers[each] for each in map(str, places_of(row)) if each in answers and not _lives(answers[each])]
    return _end(row, ended[0], parameters, now) if ended else None


def _end(row: RequestRow, answer: BookingAnswer | None, parameters: CptsParameters, now: datetime) -> Move | None:
    if row.state == RequestState.HELD and answer is not None and answer.state == BookingState.EXPIRED:
        return _lose(row, "expired", parameters, now)
    if row.starts_at is not None and row.starts_at <= now:
        return None
    withdrawn = answer is not None and answer.slot_status == "withdrawn"
    return _lose(row, "slot_withdrawn" if withdrawn else "booking_ended", parameters, now)


def _state(booking_id: str, live: Mapping[str, LiveBooking], answers: Answers) -> BookingState:
    answer = answers.get(booking_id)
    if answer is not None:
        return answer.state
    return live[booking_id].state if booking_id in live else BookingState.HELD


def _lives(answer: BookingAnswer | None) -> bool:
    return answer is not None and answer.state in LIVE_BOOKING


def _lose(row: RequestRow, code: str, parameters: CptsParameters, now: datetime) -> Move:
    due = parameters.next_step(submitted_at=row.submitted_at, urgency=row.urgency, level=row.escalation)
    values: dict[str, Any] = {"next_step_at": None if due is None else max(due, now)}
    if row.state == RequestState.CONFIRMED:
        # Somebody was told: the next answer cannot wait, and must not be the place that was just taken away. Who chose
        # by hand chooses again: a place is kept in mind for them.
        answer_by = now if row.automatic else row.deadline_at
        values |= {"answer_by": answer_by, "forbidden": [*row.forbidden, str(row.slot_id)]}
    change = reopen(row.id, code, by=ROUND, at=now, states={RequestState(row.state)}, **values)
    return replace(change, version=row.version)


def find_unrecorded(sight: Sight, answers: Answers) -> Iterator[Move | Surplus]:
    """The bookings that take a place for a request which does not know them: recorded where it seeks, else given back.

    Only those that the availability service has just answered for: what the replica shows may be over.
    """
    wanted: dict[UUID, list[BookingAnswer]] = {}
    for booking_id, row in _unknown(sight):
        answer = answers.get(booking_id)
        if answer is None or answer.state not in TAKEN:
            continue
        if _wants(row, sight.live[booking_id]):
            wanted.setdefault(row.id, []).append(answer)
        else:
            yield Surplus(UUID(booking_id), row.id, answer.state)
    for request_id, found in wanted.items():
        yield from _adopt(sight, sight.rows[str(request_id)], found)


def _wants(row: RequestRow, shown: LiveBooking) -> bool:
    """Whether a request may be given a place that was taken for it: not one that somebody let go."""
    free = row.state in ON_THE_BOARD and not shown.booking["overbooked"]
    gone = shown.booking["id"] in row.given_back
    return free and not gone and not {shown.slot["id"], shown.slot["practitioner_id"]} & set(row.forbidden)


def _adopt(sight: Sight, row: RequestRow, found: Sequence[BookingAnswer]) -> Iterator[Move | Surplus]:
    """All the places of a request in one slot are recorded; what does not become complete in time goes back."""
    by_slot: dict[str, dict[str, BookingAnswer]] = {}
    for answer in found:
        shown = sight.live[answer.id]
        by_slot.setdefault(shown.slot["id"], {})[shown.booking["request_id"]] = answer
    names = names_of(row)
    complete = next((places for _, places in sorted(by_slot.items()) if set(places) == set(names)), {})
    if complete:
        yield _record(sight, row, [complete[name] for name in names])
    for answer in found:
        late = sight.memory.measure_shown_s(answer.id, sight.at_s) >= PARTY_S
        if answer not in complete.values() and (complete or late):
            yield Surplus(UUID(answer.id), row.id, answer.state)


def _record(sight: Sight, row: RequestRow, places: Sequence[BookingAnswer]) -> Move:
    shown = sight.live[places[0].id]
    until = shown.booking["held_until"]
    booking = Booking(
        id=UUID(places[0].id),
        companions=tuple(UUID(each.id) for each in places[1:]),
        slot_id=UUID(shown.slot["id"]),
        practitioner_id=UUID(shown.slot["practitioner_id"]),
        starts_at=datetime.fromisoformat(shown.slot["starts_at"]),
        held_until=datetime.fromisoformat(until) if until else None,
        mode=agree_mode(row.modes, shown.slot["modes"]),
    )
    picked = places[0].by_hand or not row.automatic or row.answer_by > sight.now
    change = record_hold(row.id, booking, by=ROUND, at=sight.now, picked=picked, version=row.version)
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
