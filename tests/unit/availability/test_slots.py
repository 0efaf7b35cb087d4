"""Cutting time into slots."""

from services.availability.core.slots import Interval, cut, give_back_at_s, outside, row_of

QUARTER = 900


def test_three_slots_follow_one_another() -> None:
    assert row_of(0, QUARTER, 3) == [Interval(0, 900), Interval(900, 1800), Interval(1800, 2700)]


def test_what_is_left_at_the_end_of_an_opening_makes_no_slot() -> None:
    assert cut(Interval(0, 2000), QUARTER) == [Interval(0, 900), Interval(900, 1800)]


def test_an_opening_shorter_than_a_slot_makes_none() -> None:
    assert cut(Interval(0, 899), QUARTER) == []


def test_a_slot_that_an_absence_touches_is_dropped_whole_and_its_neighbours_stay() -> None:
    assert outside(row_of(0, 900, 3), [Interval(1000, 1001)]) == [Interval(0, 900), Interval(1800, 2700)]


def test_an_absence_that_ends_when_a_slot_starts_leaves_it() -> None:
    assert outside([Interval(900, 1800)], [Interval(0, 900), Interval(1800, 2700)]) == [Interval(900, 1800)]


def test_an_empty_slot_goes_back_before_its_start() -> None:
    assert give_back_at_s(10_000, 3600, 0) == 6_400


def test_a_slot_published_after_its_give_back_moment_is_kept_until_it_starts() -> None:
    assert give_back_at_s(10_000, 3600, 6_400) is None


def test_without_notice_a_slot_never_goes_back() -> None:
    assert give_back_at_s(10_000, 0, 0) is None
