"""Addresses by what people type, when a geocoder is configured: the search of the national address API (GeoJSON).

Off by default. What was typed leaves this service for the geocoder and is written nowhere: not in logs, not in events.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any

import httpx
import structlog
from pydantic import BaseModel

from services.matching.engine.model import Point
from shared.outside.trust import authorities
from shared.outside.untrusted import object_at, objects_at, text_at

log = structlog.get_logger()
KEPT_S = 300.0
MOST_KEPT = 500
SHORTEST, LONGEST = 3, 200
"""The national service refuses texts outside these bounds, or that begin with neither a letter nor a digit."""
COMMUNE = re.compile(r"(\d{2}|2[AB])\d{3}")


class Address(BaseModel):
    """A house, a street or a commune as the geocoder calls it, to about 100 m: nobody needs the doorstep to match."""

    label: str
    insee: str
    lat: float
    lon: float


class GeocoderAway(Exception):
    """The geocoder does not answer, or not as it should."""


class Geocoder:
    """Asks for what it was not asked lately; answers stay in memory for five minutes."""

    def __init__(self, url: str) -> None:
        """`url` is the search itself, such as `https://data.geopf.fr/geocodage/search`; empty: no geocoder."""
        # httpx writes every address it asks for, query and all, at INFO.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._client = httpx.AsyncClient(timeout=1.5, follow_redirects=False, verify=authorities()) if url else None
        self._url = url
        self._kept: dict[tuple[str, Point | None], tuple[float, list[Address]]] = {}

    @property
    def configured(self) -> bool:
        """Whether addresses can be asked for at all."""
        return self._client is not None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def search(self, typed: str, *, near: Point | None = None, limit: int = 6) -> list[Address]:
        """The addresses that fit best, those near `near` first; raises `GeocoderAway`."""
        text = re.sub(r"^[\W_]+", "", typed)[:LONGEST]
        if self._client is None or len(text) < SHORTEST:
            return []
        now = asyncio.get_running_loop().time()
        known = self._kept.get((text, near))
        if known and known[0] > now:
            return known[1]
        found = await self._ask(self._client, text, near, limit)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[text, near] = (now + KEPT_S, found)
        return found

    async def _ask(self, client: httpx.AsyncClient, text: str, near: Point | None, limit: int) -> list[Address]:
        where = {"lat": f"{near.lat:.2f}", "lon": f"{near.lon:.2f}"} if near else {}
        asked = {"q": text, "limit": str(limit), "autocomplete": "1", **where}
        try:
            answer = (await client.get(self._url, params=asked)).raise_for_status().json()
        except (httpx.HTTPError, OSError, ValueError) as error:
            # The name alone: the message of the error holds the address that was asked for.
            log.warning("geocoder_away", error=type(error).__name__)
            raise GeocoderAway from None
        read = (_address(feature) for feature in objects_at(answer if isinstance(answer, dict) else {}, "features"))
        return [each for each in read if each is not None]


def _address(feature: Mapping[str, Any]) -> Address | None:
    """A GeoJSON feature as an address; None for one that lacks a name, a commune or a point."""
    named = object_at(feature, "properties")
    label, insee = text_at(named, "label"), text_at(named, "citycode")
    point = _point(object_at(feature, "geometry").get("coordinates"))
    if not label or not COMMUNE.fullmatch(insee) or point is None:
        return None
    return Address(label=label[:LONGEST], insee=insee, lat=round(point.lat, 3), lon=round(point.lon, 3))


def _point(where: Any) -> Point | None:
    """GeoJSON gives the longitude first."""
    if not isinstance(where, list) or len(where) != 2 or not all(isinstance(each, int | float) for each in where):
        return None
    lon, lat = where
    return Point(lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None
