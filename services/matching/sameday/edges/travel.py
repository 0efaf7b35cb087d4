"""Travel times by road, when a router is configured: the `table` of OSRM or the `sources_to_targets` of Valhalla.

Without one, on foot, and whenever it is away, times are the core's straight line; every answer says which was used.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import structlog

from services.matching.engine.model import Instance, Point
from services.matching.engine.travel import StraightLine, Travel, straight_line
from shared.outside.trust import authorities

log = structlog.get_logger()
STRAIGHT, ROAD = "straight_line", "road"
MOST_POINTS = 90
"""Public OSRM servers answer tables of 100 points at most."""
MOST_KEPT = 500_000
AT_MOST_S = 4.0
Pair = tuple[Point, Point]


@dataclass(frozen=True, slots=True)
class ByRoad:
    """Known road times by car; the straight line on foot and for pairs the router cannot join."""

    seconds: Mapping[Pair, int]
    otherwise: StraightLine

    def __call__(
        self, origins: Sequence[Point], destinations: Sequence[Point], *, on_foot: bool
    ) -> npt.NDArray[np.int64]:
        """Give the matrix of durations."""
        matrix = self.otherwise(origins, destinations, on_foot=on_foot)
        if not on_foot:
            for row, origin in enumerate(origins):
                for column, destination in enumerate(destinations):
                    matrix[row, column] = self.seconds.get((origin, destination), matrix[row, column])
        return matrix


# The origin is the requests' rounded point: nobody's address.
async def osrm(client: httpx.AsyncClient, origin: Point, places: Sequence[Point]) -> list[float | None]:
    """Seconds by car from one point to each of these, None where no road goes; the `table` service of OSRM."""
    points = ";".join(f"{point.lon},{point.lat}" for point in (origin, *places))
    answer = await client.get(f"/table/v1/driving/{points}", params={"sources": "0"})
    durations: list[float | None] = answer.raise_for_status().json()["durations"][0][1:]
    return durations


async def valhalla(client: httpx.AsyncClient, origin: Point, places: Sequence[Point]) -> list[float | None]:
    """The same from the time-distance matrix of Valhalla."""
    asked = {
        "sources": [{"lat": origin.lat, "lon": origin.lon}],
        "targets": [{"lat": point.lat, "lon": point.lon} for point in places],
        "costing": "auto",
    }
    answer = await client.get("/sources_to_targets", params={"json": json.dumps(asked)})
    row: list[dict[str, Any]] = answer.raise_for_status().json()["sources_to_targets"][0]
    found: dict[int, float | None] = {each["to_index"]: each["time"] for each in row}
    return [found[n] for n in range(len(places))]


ROUTERS = {"osrm": osrm, "valhalla": valhalla}


class Router:
    """Asks for the pairs it does not know yet, and keeps them: roads do not move during a day."""

    def __init__(self, url: str, kind: str = "osrm", *, at_most_s: float = AT_MOST_S) -> None:
        """`url` is the router's, such as `http://osrm:5000`; empty: no router. `kind` is one of `ROUTERS`.

        It is waited for `at_most_s` in all, whatever there is to ask.
        """
        self._at_most_s = at_most_s
        self._ask = ROUTERS[kind]
        self._client = httpx.AsyncClient(base_url=url, timeout=2.0, verify=authorities()) if url else None
        self._known: dict[Pair, int | None] = {}

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def travel(self, instance: Instance) -> tuple[Travel | None, str]:
        """The model for an instance and its name; None is the straight line."""
        if self._client is None:
            return None, STRAIGHT
        origins = sorted({request.point for request in instance.requests}, key=_place)
        destinations = sorted({slot.point for slot in instance.slots}, key=_place)
        try:
            # What was learnt is kept: a slow router fills in from call to call, and holds up no round.
            async with asyncio.timeout(self._at_most_s):
                for origin in origins:
                    await self._learn(self._client, origin, destinations)
        except (httpx.HTTPError, OSError, KeyError, IndexError, TypeError, ValueError) as error:
            log.warning("router_away", error=type(error).__name__)
            return None, STRAIGHT
        pairs = ((origin, destination) for origin in origins for destination in destinations)
        seconds = {pair: known for pair in pairs if (known := self._known.get(pair)) is not None}
        return ByRoad(seconds, straight_line(instance.parameters)), ROAD

    async def _learn(self, client: httpx.AsyncClient, origin: Point, destinations: Sequence[Point]) -> None:
        unknown = [each for each in destinations if (origin, each) not in self._known]
        if len(self._known) > MOST_KEPT:
            self._known.clear()
        for start in range(0, len(unknown), MOST_POINTS):
            part = unknown[start : start + MOST_POINTS]
            found = zip(part, await self._ask(client, origin, part), strict=True)
            self._known |= {(origin, each): None if seconds is None else round(seconds) for each, seconds in found}


def _place(point: Point) -> tuple[float, float]:
    return point.lat, point.lon
