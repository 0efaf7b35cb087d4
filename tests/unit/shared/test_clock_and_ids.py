"""Time and identifiers."""

from datetime import UTC, datetime, timedelta

from shared.db.clock import Clock
from shared.db.ids import new_id

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_clock_of_service_shows_real_time() -> None:
    before = Clock().now()
    assert before <= datetime.now(UTC) <= before + timedelta(seconds=1)  # noqa: TID251


def test_a_demonstration_clock_runs_faster_from_its_anchor() -> None:
    started = datetime.now(UTC) - timedelta(seconds=10)  # noqa: TID251
    shown = Clock(anchor_real=started, anchor_at=NOON, speed=60).now()
    assert NOON + timedelta(minutes=10) <= shown <= NOON + timedelta(minutes=11)
    assert Clock(speed=60).real_s(timedelta(minutes=1)) == 1


def test_identifiers_are_version_7_and_stand_in_the_order_of_time() -> None:
    first, second = new_id(NOON), new_id(NOON + timedelta(milliseconds=1))
    assert first.version == second.version == 7
    assert first < second
    assert first.int >> 80 == int(NOON.timestamp() * 1000)


def test_identifiers_of_one_moment_differ() -> None:
    assert len({new_id(NOON) for _ in range(1000)}) == 1000
