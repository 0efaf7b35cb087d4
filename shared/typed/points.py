"""Whether a point can be where it is said to be. Degrees, WGS 84."""

from math import asin, cos, radians, sin, sqrt

EARTH_KM = 6371.0088
WIDEST_KM = 100.0
"""Further than this from its middle nothing is in a commune; in Guyane they are larger."""
WIDEST_IN_GUYANE_KM = 200.0
_NULL_ISLAND_DEGREES = 0.5


def km_between(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Great-circle kilometres."""
    half = sin(radians(other_lat - lat) / 2) ** 2
    half += cos(radians(lat)) * cos(radians(other_lat)) * sin(radians(other_lon - lon) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, half)))


def is_astray(lat: float, lon: float, insee: str, middle: tuple[float, float]) -> bool:
    """Whether a point is too far from the middle of the commune it is said to be in."""
    return km_between(lat, lon, *middle) > (WIDEST_IN_GUYANE_KM if insee.startswith("973") else WIDEST_KM)


def is_swapped(lat: float, lon: float, insee: str, middle: tuple[float, float]) -> bool:
    """Whether it is there once latitude and longitude are exchanged, or is the point of who knows none (0, 0)."""
    if not is_astray(lat, lon, insee, middle):
        return False
    nowhere = abs(lat) < _NULL_ISLAND_DEGREES and abs(lon) < _NULL_ISLAND_DEGREES
    return nowhere or (abs(lon) <= 90 and not is_astray(lon, lat, insee, middle))
