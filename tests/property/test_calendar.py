"""Laws of the calendar: whatever the opening, the day and the absences."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from services.availability.core.openings import Recurrence, intervals
from services.availability.core.slots import Interval, cut, outside

PARIS = ZoneInfo("Europe/Paris")
DAYS = st.dates(date(2025, 1, 1), date(2028, 12, 31))
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
LENGTHS = st.integers(5, 720).map(lambda minutes: minutes * 60)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    """Any weekly opening."""
    opens, closes = sorted(draw(st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1])))
    weekdays = draw(st.frozensets(st.integers(1, 7), min_size=1))
    return Recurrence(weekdays, opens, closes, draw(DAYS), on_public_holidays=draw(st.booleans()))


@st.composite
def spans(draw: st.DrawFn, around: int = 1_790_000_000) -> Interval:
    """Any interval of some days."""
    start = around + draw(st.integers(0, 5 * 86_400))
    return Interval(start, start + draw(st.integers(1, 86_400)))


@given(recurrences(), DAYS, st.integers(0, 20), st.frozensets(DAYS, max_size=3))
@example(Recurrence(frozenset(range(1, 8)), time(2, 30), time(3, 15), SPRING), SPRING, 0, frozenset())
@example(Recurrence(frozenset(range(1, 8)), time(2, 0), time(2, 59), AUTUMN), AUTUMN, 0, frozenset())
def test_openings_are_in_order_never_overlap_and_stay_within_their_hours(
    recurrence: Recurrence, first: date, ahead: int, holidays: frozenset[date]
) -> None:
    last = first + timedelta(days=ahead)
    found = intervals(recurrence, first=first, last=last, public_holidays=holidays, zone=PARIS)
    for one, next_one in pairwise(found):
        assert one.ends_at_s <= next_one.starts_at_s
    for one in found:
        assert one.starts_at_s < one.ends_at_s
        opens = datetime.fromtimestamp(one.starts_at_s, PARIS)
        assert opens.date() >= max(first, recurrence.first_day)
        assert opens.isoweekday() in recurrence.weekdays
        assert recurrence.on_public_holidays or opens.date() not in holidays


@given(recurrences(), DAYS, st.integers(0, 10), st.integers(0, 10))
def test_cutting_a_period_in_two_changes_nothing(recurrence: Recurrence, first: date, near: int, far: int) -> None:
    middle, last = first + timedelta(days=near), first + timedelta(days=near + 1 + far)
    none: frozenset[date] = frozenset()
    whole = intervals(recurrence, first=first, last=last, public_holidays=none, zone=PARIS)
    before = intervals(recurrence, first=first, last=middle, public_holidays=none, zone=PARIS)
    after = intervals(recurrence, first=middle + timedelta(days=1), last=last, public_holidays=none, zone=PARIS)
    assert before + after == whole


@given(spans(), LENGTHS)
def test_slots_tile_an_opening_from_its_start(opening: Interval, length_s: int) -> None:
    slots = cut(opening, length_s)
    assert len(slots) == (opening.ends_at_s - opening.starts_at_s) // length_s
    for index, slot in enumerate(slots):
        assert slot == Interval(opening.starts_at_s + index * length_s, opening.starts_at_s + (index + 1) * length_s)
        assert slot.ends_at_s <= opening.ends_at_s


@given(spans(), LENGTHS, st.lists(spans(), max_size=4))
def test_no_slot_touches_an_absence_and_no_other_is_lost(
    opening: Interval, length_s: int, absences: list[Interval]
) -> None:
    slots = cut(opening, length_s)
    kept = outside(slots, absences)
    lost = [slot for slot in slots if slot not in kept]
    for slot in kept:
        minutes = range(slot.starts_at_s, slot.ends_at_s, 60)
        assert not any(away.starts_at_s <= instant < away.ends_at_s for away in absences for instant in minutes)
    for slot in lost:
        assert any(away.starts_at_s < slot.ends_at_s and slot.starts_at_s < away.ends_at_s for away in absences)
