"""Quiet hours by the clocks of Paris: across midnight, and through the nights when clocks change."""

from datetime import UTC, datetime, time, timedelta

import pytest

from services.people.notices.quiet import QuietHours
from shared.db.clock import PARIS

NIGHT = QuietHours(time(20), time(7))


def paris(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=PARIS, fold=fold)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        (paris(2026, 11, 24, 19, 59), None),
        (paris(2026, 11, 24, 20, 0), paris(2026, 11, 25, 7, 0)),
        (paris(2026, 11, 24, 23, 59), paris(2026, 11, 25, 7, 0)),
        (paris(2026, 11, 25, 0, 0), paris(2026, 11, 25, 7, 0)),
        (paris(2026, 11, 25, 6, 59), paris(2026, 11, 25, 7, 0)),
        (paris(2026, 11, 25, 7, 0), None),
    ],
)
def test_a_night_crosses_midnight(now: datetime, ends: datetime | None) -> None:
    assert NIGHT.until(now) == ends


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 28), 10), ((2026, 10, 24), 12)])
def test_a_night_in_which_clocks_change_is_an_hour_shorter_or_longer_and_ends_at_seven(
    day: tuple[int, int, int], hours: int
) -> None:
    begins = paris(*day, 20)
    ends = NIGHT.until(begins)
    assert ends is not None
    assert ends.astimezone(PARIS).time() == time(7)
    assert ends.astimezone(UTC) - begins.astimezone(UTC) == timedelta(hours=hours)


def test_the_hour_that_comes_twice_is_quiet_twice() -> None:
    late = QuietHours(time(1), time(4))
    for fold in (0, 1):
        assert late.until(paris(2026, 10, 25, 2, 30, fold=fold)) == paris(2026, 10, 25, 4, 0)


def test_an_end_that_the_spring_change_skips_still_comes() -> None:
    assert QuietHours(time(22), time(2, 30)).until(paris(2026, 3, 29, 1, 59)) == paris(2026, 3, 29, 3, 30)


def test_quiet_hours_may_lie_within_a_day_or_not_at_all() -> None:
    nap = QuietHours(time(12), time(14))
    assert nap.until(paris(2026, 11, 24, 13, 0)) == paris(2026, 11, 24, 14, 0)
    assert nap.until(paris(2026, 11, 24, 14, 0)) is None
    assert QuietHours(time(8), time(8)).until(paris(2026, 11, 24, 8, 0)) is None
