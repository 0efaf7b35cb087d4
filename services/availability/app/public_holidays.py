"""French public holidays, as the library `holidays` knows them, where a place stands."""

from datetime import date
from functools import lru_cache

from holidays import country_holidays

REGIONS = {"57": "57", "67": "6AE", "68": "6AE", "971": "971", "972": "972", "973": "973", "974": "974", "976": "976"}
REGIONS |= {"975": "PM", "977": "BL", "978": "MF"}
"""Départements that have days of their own, as the library names them."""


def public_holidays(insee: str, first: date, last: date) -> frozenset[date]:
    """The public holidays from `first` to `last` in the commune with this INSEE code."""
    departement = insee[:3] if insee.startswith("97") else insee[:2]
    region = REGIONS.get(departement)
    return frozenset(
        day for year in range(first.year, last.year + 1) for day in _of(region, year) if first <= day <= last
    )


@lru_cache(maxsize=64)
def _of(region: str | None, year: int) -> frozenset[date]:
    return frozenset(country_holidays("FR", subdiv=region, years=year))
