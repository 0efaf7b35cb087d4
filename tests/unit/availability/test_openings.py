"""Recurring openings on the days that go wrong elsewhere."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from services.availability.app.public_holidays import public_holidays
from services.availability.core.openings import Recurrence, intervals
from services.availability.core.slots import Interval, cut

PARIS = ZoneInfo("Europe/Paris")
EVERY_DAY = frozenset(range(1, 8))
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


def on(day: date, opens: time, closes: time, holidays: frozenset[date] = frozenset()) -> list[Interval]:
    recurrence = Recurrence(EVERY_DAY, opens, closes, first_day=day)
    return intervals(recurrence, first=day, last=day, public_holidays=holidays, zone=PARIS)


def utc(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


def test_nine_o_clock_is_nine_o_clock_in_winter_and_in_summer() -> None:
    assert on(date(2026, 1, 5), time(9), time(10)) == [Interval(utc(2026, 1, 5, 8), utc(2026, 1, 5, 9))]
    assert on(date(2026, 7, 6), time(9), time(10)) == [Interval(utc(2026, 7, 6, 7), utc(2026, 7, 6, 8))]


def test_a_night_across_the_spring_change_is_an_hour_shorter() -> None:
    (night,) = on(SPRING, time(1), time(5))
    assert night.ends_at_s - night.starts_at_s == 3 * 3600
    assert len(cut(night, 1800)) == 6


def test_a_night_across_the_autumn_change_is_an_hour_longer() -> None:
    (night,) = on(AUTUMN, time(1), time(5))
    assert night.ends_at_s - night.starts_at_s == 5 * 3600


def test_an_opening_within_the_hour_that_spring_skips_never_runs_backwards() -> None:
    assert on(SPRING, time(2, 30), time(3, 15)) == []


def test_a_public_holiday_is_closed_unless_said_otherwise() -> None:
    day = date(2026, 7, 14)
    holidays = public_holidays("48095", day, day)
    assert on(day, time(9), time(12), holidays) == []
    worked = Recurrence(EVERY_DAY, time(9), time(12), first_day=day, on_public_holidays=True)
    assert len(intervals(worked, first=day, last=day, public_holidays=holidays, zone=PARIS)) == 1


def test_good_friday_is_a_holiday_in_strasbourg_and_not_in_mende() -> None:
    day = date(2026, 4, 3)
    assert public_holidays("67482", day, day) == {day}
    assert public_holidays("48095", day, day) == frozenset()


def test_overseas_departements_keep_their_own_days() -> None:
    abolition = date(2026, 12, 20)
    assert public_holidays("97411", abolition, abolition) == {abolition}
    assert public_holidays("13055", abolition, abolition) == frozenset()


def test_it_opens_on_its_weekdays_between_its_first_and_last_day() -> None:
    tuesdays = Recurrence(frozenset({2}), time(9), time(10), first_day=date(2026, 11, 10), last_day=date(2026, 11, 24))
    found = intervals(
        tuesdays, first=date(2026, 11, 1), last=date(2026, 12, 31), public_holidays=frozenset(), zone=PARIS
    )
    assert [datetime.fromtimestamp(each.starts_at_s, PARIS).day for each in found] == [10, 17, 24]
