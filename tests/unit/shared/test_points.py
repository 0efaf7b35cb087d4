"""A point that cannot be in its commune is seen, however it went astray."""

import pytest

from shared.typed.points import is_astray, is_swapped

MENDE, SAINT_DENIS, MARIPASOULA = (44.518, 3.5), (-20.88, 55.45), (3.64, -54.03)


@pytest.mark.parametrize(
    ("lat", "lon", "insee", "middle", "astray", "swapped"),
    [
        (44.519, 3.501, "48095", MENDE, False, False),
        (3.5, 44.518, "48095", MENDE, True, True),
        (0.0, 0.0, "48095", MENDE, True, True),
        (48.85, 2.35, "48095", MENDE, True, False),
        (-44.518, 3.5, "48095", MENDE, True, False),
        (-20.88, 55.45, "97411", SAINT_DENIS, False, False),
        (55.45, -20.88, "97411", SAINT_DENIS, True, True),
        (20.88, 55.45, "97411", SAINT_DENIS, True, False),
        (2.4, -54.03, "97353", MARIPASOULA, False, False),
    ],
)
def test_a_point_is_near_the_middle_of_its_commune(
    lat: float, lon: float, insee: str, middle: tuple[float, float], astray: bool, swapped: bool
) -> None:
    assert (is_astray(lat, lon, insee, middle), is_swapped(lat, lon, insee, middle)) == (astray, swapped)
