"""Road times come from the router, once; without it, or when it is away, the straight line answers and says so."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from fastapi import FastAPI, Request, Response

from services.matching.engine.model import Instance, Point, Slot, Urgency
from services.matching.engine.model import Request as Asked
from services.matching.engine.travel import StraightLine
from services.matching.sameday.edges.travel import ROUTERS, Router
from tests.serving import serving

ROAD, ROADLESS = {"time": 1234, "distance": 20.5}, {"time": None, "distance": None}
HOME, NEAR, ISLAND = Point(44.5, 3.5), Point(44.6, 3.5), Point(44.7, 3.5)


def an_instance() -> Instance:
    """One request, a slot over the hill and one on an island."""
    slots = tuple(Slot(name, "d", point, 4000, 4900) for name, point in (("n", NEAR), ("i", ISLAND)))
    return Instance(1000, (Asked("r", Urgency.P1, HOME, 1000, 9000, 1000, 1000),), slots)


def a_router(asked: list[str]) -> FastAPI:
    """A server that answers OSRM's `table`: 1,234 s to each place, and no road to the island."""
    app = FastAPI()

    @app.get("/table/v1/driving/{points}")
    async def table(points: str, sources: str) -> dict[str, object]:
        asked.append(points)
        places = [tuple(map(float, point.split(","))) for point in points.split(";")]
        return {"code": "Ok", "durations": [[None if place[1] == ISLAND.lat else 1234.4 for place in places]]}

    return app


def a_valhalla(asked: list[str]) -> FastAPI:
    """A server that answers Valhalla's time-distance matrix: the same times, and null where no road goes."""
    app = FastAPI()

    @app.get("/sources_to_targets")
    async def matrix(request: Request) -> dict[str, object]:
        body = json.loads(request.query_params["json"])
        assert body["costing"] == "auto"
        asked.append(";".join(f"{each['lon']},{each['lat']}" for each in body["sources"] + body["targets"]))
        row = [
            {"from_index": 0, "to_index": n, **(ROADLESS if place["lat"] == ISLAND.lat else ROAD)}
            for n, place in enumerate(body["targets"])
        ]
        return {"sources_to_targets": [row], "locations": [body["targets"]], "units": "kilometers"}

    return app


@pytest.mark.parametrize(("kind", "served"), [("osrm", a_router), ("valhalla", a_valhalla)])
async def test_a_road_time_is_asked_once_and_the_straight_line_fills_what_no_road_joins(
    kind: str, served: Callable[[list[str]], FastAPI]
) -> None:
    asked: list[str] = []
    async with serving(served(asked)) as url:
        router = Router(url, kind)
        for _ in range(2):
            travel, name = await router.travel(an_instance())
        await router.aclose()
    assert travel is not None
    assert name == "road"
    times = travel([HOME], [NEAR, ISLAND], on_foot=False)
    straight = StraightLine()([HOME], [NEAR, ISLAND], on_foot=False)
    assert (int(times[0, 0]), int(times[0, 1])) == (1234, int(straight[0, 1]))
    assert (travel([HOME], [NEAR], on_foot=True) == StraightLine()([HOME], [NEAR], on_foot=True)).all()
    assert asked == ["3.5,44.5;3.5,44.6;3.5,44.7"]


async def test_a_router_that_is_away_or_absent_leaves_the_straight_line_and_says_so() -> None:
    for kind in ROUTERS:
        for url in ("http://127.0.0.1:9", ""):
            router = Router(url, kind)
            assert await router.travel(an_instance()) == (None, "straight_line")
            await router.aclose()


async def test_a_slow_router_holds_nothing_up_and_is_asked_again_only_what_it_left_open() -> None:
    asked: list[str] = []
    app, awake = a_router(asked), asyncio.Event()

    @app.middleware("http")
    async def slow(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        answer = await go_on(request)
        if len(asked) > 2:
            await awake.wait()
        return answer

    homes = [Asked(f"r{n}", Urgency.P1, Point(44.5, 3.5 + n / 10), 1000, 9000, 1000, 1000) for n in range(3)]
    around = replace(an_instance(), requests=tuple(homes))
    async with serving(app) as url:
        router = Router(url, at_most_s=1)
        first = (await router.travel(around))[1]
        awake.set()
        second = (await router.travel(around))[1]
        await router.aclose()
    assert (first, second) == ("straight_line", "road")
    assert asked == sorted({*asked}) + asked[-1:]


async def test_a_router_that_speaks_otherwise_than_its_kind_leaves_the_straight_line() -> None:
    async with serving(a_valhalla([])) as url:
        router = Router(url, "osrm")
        assert await router.travel(an_instance()) == (None, "straight_line")
        await router.aclose()
