"""What a plan means for a request, case by case: no database, no clock but the one given."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.matching.engine.model import Point, Slot, SlotType
from services.matching.sameday.app.intake import default_deadline
from services.matching.sameday.app.parameters import CptsParameters
from services.matching.sameday.app.round.deciding import (
    Reasons,
    core_request,
    decide_by,
    full_slots,
    instance_of,
    leave_out,
    next_due,
)
from services.matching.sameday.app.round.reconciling import (
    LiveBooking,
    Memory,
    Sight,
    Surplus,
    doubts,
    find_in_flight,
    find_unrecorded,
    follow_bookings,
    next_doubt_s,
    unseen_places,
)
from services.matching.sameday.store.requests import Move
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Role
from shared.contracts import BookingAnswer, BookingState, RequestState

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PARAMETERS = CptsParameters()
NO_REASONS = Reasons({"distance": 3, "window": 1}, [])


def a_row(**more: Any) -> RequestRow:
    """A P1 request made now."""
    values: dict[str, Any] = {
        "id": uuid4(),
        "cpts_id": "990000001",
        "state": RequestState.OPEN,
        "urgency": 1,
        "insee": "48095",
        "lat": 44.5,
        "lon": 3.5,
        "professions": ["10"],
        "act": "wound",
        "modes": ["AMB"],
        "max_travel_s": 1800,
        "source": "sas",
        "asked_by": "someone",
        "asked_role": Role.REGULATOR,
        "submitted_at": NOW,
        "earliest_at": NOW,
        "deadline_at": NOW + timedelta(hours=3),
        "answer_by": NOW + timedelta(hours=1),
        "changed_at": NOW,
        "next_step_at": NOW + timedelta(minutes=10),
        **more,
    }
    return RequestRow(**values)


def a_slot(**more: Any) -> dict[str, Any]:
    """A live slot that starts in two hours."""
    starts_at = (NOW + timedelta(hours=2)).isoformat()
    plain = {"id": str(uuid4()), "starts_at": starts_at, "give_back_at": None, "practitioner_id": str(uuid4())}
    return {**plain, "modes": ["AMB"], **more}


def core_slot(places: int, name: str = "s") -> Slot:
    at_s = int(NOW.timestamp()) + 3600
    return Slot(name, "d", Point(44.5, 3.5), at_s, at_s + 900, places=places)


def booked(state: RequestState, **more: Any) -> tuple[RequestRow, dict[str, LiveBooking]]:
    """A request with a booking, as the replica shows it."""
    slot = a_slot()
    booking_id, slot_id = uuid4(), UUID(slot["id"])
    row = a_row(state=state, booking_id=booking_id, slot_id=slot_id, starts_at=NOW + timedelta(hours=2), **more)
    shown = {"id": str(booking_id), "state": "held", "request_id": str(row.id), "held_until": None, "overbooked": False}
    return row, {str(booking_id): LiveBooking(shown, slot)}


@pytest.mark.parametrize(
    ("urgency", "hour", "expected"),
    [
        (1, 8, NOW + timedelta(hours=3)),
        (2, 8, datetime(2026, 11, 24, 19, 0, tzinfo=UTC)),
        (2, 18, datetime(2026, 11, 24, 21, 0, tzinfo=UTC)),
        (3, 8, datetime(2026, 11, 25, 19, 0, tzinfo=UTC)),
        (4, 8, NOW + timedelta(hours=48)),
    ],
)
def test_a_class_means_a_deadline(urgency: int, hour: int, expected: datetime) -> None:
    assert default_deadline(urgency, NOW.replace(hour=hour)) == expected


def test_tomorrow_evening_is_an_evening_even_when_the_clocks_change_in_between() -> None:
    saturday = datetime(2026, 10, 24, 10, 0, tzinfo=UTC)
    assert default_deadline(3, saturday) == datetime(2026, 10, 25, 19, 0, tzinfo=UTC)


def test_a_choice_is_made_firm_when_the_patient_must_know_must_leave_or_the_slot_is_given_back() -> None:
    row = a_row()
    assert decide_by(row, a_slot(), 600, PARAMETERS) == row.answer_by
    patient = a_row(answer_by=NOW + timedelta(hours=3))
    assert decide_by(patient, a_slot(), 600, PARAMETERS) == NOW + timedelta(hours=2, minutes=-40)
    given_back = a_slot(give_back_at=(NOW + timedelta(minutes=30)).isoformat())
    assert decide_by(patient, given_back, 600, PARAMETERS) == NOW + timedelta(minutes=29)


def test_who_is_left_out_stays_then_escalates_then_is_unserved_with_the_main_reason() -> None:
    assert leave_out(a_row(), NO_REASONS, PARAMETERS, NOW) is None
    due = leave_out(a_row(), NO_REASONS, PARAMETERS, NOW + timedelta(minutes=10))
    assert due is not None
    assert (due.to, due.values["escalation"], due.values["max_travel_s"]) == (RequestState.ESCALATED, 1, 2700)
    assert due.values["next_step_at"] == NOW + timedelta(minutes=20)
    late = leave_out(a_row(), NO_REASONS, PARAMETERS, NOW + timedelta(hours=3))
    assert late is not None
    assert (late.to, late.values["reason"], late.values["next_step_at"]) == (RequestState.UNSERVED, "distance", None)


def test_a_provisional_choice_that_went_to_another_is_open_again() -> None:
    moved = leave_out(a_row(state=RequestState.PROPOSED), NO_REASONS, PARAMETERS, NOW)
    assert moved is not None
    assert (moved.to, moved.values["slot_id"], moved.values["reason"]) == (RequestState.OPEN, None, "slot_taken")


def test_a_round_sees_who_seeks_and_what_is_free_less_what_the_replica_does_not_show_yet() -> None:
    seeking, gone = a_row(), a_row(deadline_at=NOW)
    held, live = booked(RequestState.HELD)
    rows = [seeking, gone, held]
    assert unseen_places(rows, live) == {}
    assert unseen_places(rows, {}) == {str(held.slot_id): 1}
    slots = [core_slot(1, "a"), core_slot(2, "b"), core_slot(0, "c")]
    instance = instance_of(rows, slots, (), PARAMETERS, NOW, {"a": 1, "b": 1})
    assert [request.id for request in instance.requests] == [str(seeking.id)]
    assert [(slot.id, slot.places) for slot in instance.slots] == [("b", 1)]
    assert [slot.id for slot in full_slots(slots, instance)] == ["a", "c"]


def test_slots_for_regulation_are_for_regulation() -> None:
    assert SlotType.SNP in core_request(a_row()).sees
    assert SlotType.SNP not in core_request(a_row(asked_role=Role.PHARMACIST)).sees


def test_the_next_moment_is_the_first_that_has_not_passed() -> None:
    held, _ = booked(RequestState.HELD, held_until=NOW + timedelta(minutes=3))
    assert next_due([a_row(), held], NOW) == NOW + timedelta(minutes=3)
    assert next_due([a_row()], NOW + timedelta(minutes=10)) == NOW + timedelta(hours=1)
    assert next_due([a_row(state=RequestState.UNSERVED)], NOW) is None


def sight(memory: Memory, at_s: float, live: dict[str, LiveBooking], *rows: RequestRow, now: datetime = NOW) -> Sight:
    """What a round sees after it looked."""
    wanted = {str(row.booking_id) for row in rows if row.booking_id is not None}
    memory.look(live, wanted, at_s)
    return Sight({str(row.id): row for row in rows}, live, memory, at_s, now)


def answered(booking_id: str, state: BookingState, **more: Any) -> dict[str, BookingAnswer | None]:
    """What the availability service answers of one booking."""
    plain: dict[str, Any] = {"id": booking_id, "state": state, "slot_status": "published", "by_hand": False, **more}
    return {booking_id: BookingAnswer(**plain)}


@pytest.mark.parametrize("state", [RequestState.HELD, RequestState.CONFIRMED])
def test_a_booking_that_went_or_never_came_is_asked_about_and_not_again_and_again(state: RequestState) -> None:
    row, live = booked(state)
    (name,) = live
    seen = Memory()
    assert doubts(sight(seen, 0.0, live, row)) == []
    assert doubts(sight(seen, 1.0, {}, row)) == [name]
    assert doubts(sight(seen, 2.0, {}, row)) == []
    assert next_doubt_s(sight(seen, 2.0, {}, row)) == 4.0
    assert doubts(sight(seen, 6.0, {}, row)) == [name]
    unseen = Memory()
    assert doubts(sight(unseen, 0.0, {}, row)) == []
    assert next_doubt_s(sight(unseen, 0.0, {}, row)) == 2.0
    assert doubts(sight(unseen, 2.0, {}, row)) == [name]


@pytest.mark.parametrize("state", [RequestState.HELD, RequestState.CONFIRMED])
def test_silence_takes_nothing_from_anybody(state: RequestState) -> None:
    row, live = booked(state)
    (name,) = live
    assert follow_bookings(row, {}, {}, PARAMETERS, NOW) is None
    for alive in (BookingState.HELD, BookingState.CONFIRMED):
        change = follow_bookings(row, {}, answered(name, alive), PARAMETERS, NOW)
        assert change is None or (row.state, change.to) == (RequestState.HELD, RequestState.CONFIRMED)


def test_a_confirmed_patient_whose_slot_went_is_answered_at_once_and_not_sent_there_again() -> None:
    row, _ = booked(RequestState.CONFIRMED)
    answers = answered(str(row.booking_id), BookingState.CANCELLED, slot_status="withdrawn")
    change = follow_bookings(row, {}, answers, PARAMETERS, NOW)
    assert change is not None
    assert (change.code, change.to, change.version) == ("slot_withdrawn", RequestState.OPEN, row.version)
    assert (change.values["answer_by"], change.values["forbidden"]) == (NOW, [str(row.slot_id)])


@pytest.mark.parametrize("state", [BookingState.CANCELLED, BookingState.RELEASED, BookingState.EXPIRED, None])
def test_what_availability_answers_ends_a_booking_whatever_the_replica_shows(state: BookingState | None) -> None:
    row, live = booked(RequestState.CONFIRMED)
    name = str(row.booking_id)
    answers = answered(name, state) if state else {name: None}
    change = follow_bookings(row, live, answers, PARAMETERS, NOW)
    assert change is not None
    assert (change.code, change.to) == ("booking_ended", RequestState.OPEN)


def test_a_hold_lapses_when_availability_says_so_and_not_by_our_clock() -> None:
    row, live = booked(RequestState.HELD, held_until=NOW)
    name = str(row.booking_id)
    assert doubts(sight(Memory(), 0.0, live, row)) == [name]
    assert follow_bookings(row, live, {}, PARAMETERS, NOW) is None
    firm = follow_bookings(row, live, answered(name, BookingState.CONFIRMED), PARAMETERS, NOW)
    over = follow_bookings(row, live, answered(name, BookingState.EXPIRED), PARAMETERS, NOW)
    assert firm is not None
    assert over is not None
    assert (firm.to, over.to, over.code) == (RequestState.CONFIRMED, RequestState.OPEN, "expired")


def test_a_slot_that_is_over_and_left_the_streams_takes_nothing_back() -> None:
    row, live = booked(RequestState.CONFIRMED)
    later, answers = NOW + timedelta(hours=5), answered(str(row.booking_id), BookingState.CANCELLED)
    assert follow_bookings(row, {}, answers, PARAMETERS, later) is None
    memory = Memory()
    sight(memory, 0.0, live, row)
    assert doubts(sight(memory, 1.0, {}, row, now=later)) == []


def test_an_unrecorded_booking_waits_a_moment_then_is_recorded_or_given_back() -> None:
    held, live = booked(RequestState.HELD)
    open_row = a_row(id=held.id)
    memory = Memory()
    (name,) = live
    answers = answered(name, BookingState.HELD)
    assert find_in_flight(sight(memory, 0.0, live, open_row)) == {open_row.id}
    assert doubts(sight(memory, 1.0, live, open_row)) == []
    assert doubts(sight(memory, 3.0, live, open_row)) == [name]
    assert list(find_unrecorded(sight(memory, 3.0, live, open_row), {})) == []
    assert list(find_unrecorded(sight(memory, 3.0, live, open_row), answered(name, BookingState.RELEASED))) == []
    (found,) = find_unrecorded(sight(memory, 3.0, live, open_row), answers)
    assert isinstance(found, Move)
    assert (found.to, found.values["booking_id"]) == (RequestState.HELD, held.booking_id)
    closed = a_row(id=held.id, state=RequestState.CANCELLED, booking_id=held.booking_id)
    (surplus,) = find_unrecorded(sight(memory, 3.0, live, closed), answers)
    assert isinstance(surplus, Surplus)


@pytest.mark.parametrize(("by_hand", "due", "picked"), [(True, True, True), (False, True, False), (False, False, True)])
def test_a_place_that_a_person_held_stays_theirs_to_confirm(by_hand: bool, due: bool, picked: bool) -> None:
    held, live = booked(RequestState.HELD)
    open_row = a_row(id=held.id, answer_by=NOW if due else NOW + timedelta(hours=1))
    (name,) = live
    (found,) = find_unrecorded(sight(Memory(), 3.0, live, open_row), answered(name, BookingState.HELD, by_hand=by_hand))
    assert isinstance(found, Move)
    assert found.values["picked"] is picked


def test_what_a_request_gave_back_is_never_recorded_again() -> None:
    held, live = booked(RequestState.HELD)
    (name,) = live
    open_row = a_row(id=held.id, given_back=[name])
    seen = sight(Memory(), 3.0, live, open_row)
    assert find_in_flight(seen) == set()
    (surplus,) = find_unrecorded(seen, answered(name, BookingState.CONFIRMED))
    assert surplus == Surplus(UUID(name), open_row.id, BookingState.CONFIRMED)


def test_the_places_of_a_household_are_recorded_together_or_go_back_when_they_stay_incomplete() -> None:
    row, slot = a_row(party=2), a_slot()
    shown: list[dict[str, Any]] = [
        {"id": str(uuid4()), "state": "held", "request_id": name, "held_until": None, "overbooked": False}
        for name in (str(row.id), f"{row.id}.2")
    ]
    live = {each["id"]: LiveBooking(each, slot) for each in shown}
    answers = {key: answer for key in live for answer in answered(key, BookingState.HELD).values()}
    (found,) = find_unrecorded(sight(Memory(), 3.0, live, row), answers)
    assert isinstance(found, Move)
    assert (str(found.values["booking_id"]), found.values["companions"]) == (shown[0]["id"], [shown[1]["id"]])
    half, memory = {shown[0]["id"]: live[shown[0]["id"]]}, Memory()
    assert list(find_unrecorded(sight(memory, 3.0, half, row), answers)) == []
    (surplus,) = find_unrecorded(sight(memory, 34.0, half, row), answers)
    assert isinstance(surplus, Surplus)
