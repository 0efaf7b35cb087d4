"""What time it is where, overseas too."""

from datetime import UTC, date, datetime

import pytest

from shared.db.clock import day_at, midnight, monday_of
from shared.typed.zones import zone_of, zone_of_all

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("insee", "offset_h"),
    [
        ("13214", 1), ("2A004", 1), ("97105", -4), ("97209", -4), ("97302", -3), ("97411", 4), ("97502", -3),
        ("97608", 3), ("97701", -4), ("97801", -4), ("98735", -10), ("98818", 11), ("", 1), (None, 1),
    ],
)  # fmt: skip
def test_a_commune_has_the_time_of_its_departement(insee: str | None, offset_h: int) -> None:
    offset = NOW.astimezone(zone_of(insee)).utcoffset()
    assert offset is not None
    assert offset.total_seconds() == 3600 * offset_h


def test_a_territory_has_the_time_of_most_of_its_communes() -> None:
    assert zone_of_all(["97411", "97412", "13214"]) is zone_of("97411")
    assert zone_of_all([]) is zone_of("13214")


def test_days_and_weeks_begin_where_people_are() -> None:
    reunion, martinique = zone_of("97411"), zone_of("97209")
    assert (day_at(NOW, reunion), day_at(NOW, martinique)) == (date(2026, 11, 23), date(2026, 11, 22))
    assert midnight(date(2026, 11, 23), reunion) == datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
    assert midnight(monday_of(day_at(NOW, martinique)), martinique) == datetime(2026, 11, 16, 4, 0, tzinfo=UTC)
