"""« Today 20:00 » is the evening of where the patient is."""

from datetime import UTC, datetime

import pytest

from services.matching.sameday.app.intake import default_deadline
from shared.typed.zones import zone_of


@pytest.mark.parametrize(
    ("insee", "asked_h", "urgency", "until"),
    [
        ("13214", 8, 2, datetime(2026, 11, 24, 19, tzinfo=UTC)),
        ("97209", 13, 2, datetime(2026, 11, 25, 0, tzinfo=UTC)),
        ("97209", 1, 2, datetime(2026, 11, 24, 4, tzinfo=UTC)),
        ("97411", 5, 2, datetime(2026, 11, 24, 16, tzinfo=UTC)),
        ("97411", 22, 3, datetime(2026, 11, 26, 16, tzinfo=UTC)),
    ],
)
def test_a_deadline_is_the_evening_there(insee: str, asked_h: int, urgency: int, until: datetime) -> None:
    asked = datetime(2026, 11, 24, asked_h, tzinfo=UTC)
    assert default_deadline(urgency, asked, zone_of(insee)) == until
