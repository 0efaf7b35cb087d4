"""Figures for whoever runs a service, in the format of Prometheus: of no person, of no CPTS by name."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.pool import QueuePool
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import AWAY, Scope, set_scope
from shared.db.clock import Clock
from shared.http import WiringDep, read_machine_token
from shared.http.parts import find_part
from shared.refusals import NotFound, NotSignedIn
from shared.wiring import Wiring

routes = APIRouter(tags=["health"])
Measure = Callable[[AsyncSession], Awaitable[Iterable[Metric]]]
Labelled = Iterable[tuple[Sequence[str], float]]


@dataclass(frozen=True, slots=True)
class Measures:
    """What a service adds to the figures that all have; each is read in one transaction that sees every CPTS.

    `readers`: how many live connections there are.
    """

    readers: Callable[[], int]
    of: tuple[Measure, ...]


class _Read(Collector):
    """Figures that were read already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        """Them."""
        return self._families


def gauge(name: str, said: str, values: Labelled, labels: Sequence[str] = ()) -> GaugeMetricFamily:
    """A figure, by the values of its labels."""
    family = GaugeMetricFamily(f"aiguillage_{name}", said, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


@routes.get("/metrics", include_in_schema=False)
async def metrics(request: Request, wiring: WiringDep) -> Response:
    """The figures, to who shows the token of the settings; without one there are none."""
    token = wiring.settings.metrics_token.get_secret_value()
    if not token:
        raise NotFound
    if not hmac.compare_digest(read_machine_token(request).encode(), token.encode()):
        raise NotSignedIn
    families, there = _of_process(request, wiring), 1.0
    try:
        async with wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({"*"})))
            for measure in find_part(request, Measures).of:
                families += await measure(session)
    except AWAY:
        there = 0.0
    families.append(gauge("database_up", "Whether the database answers.", [((), there)]))
    registry = CollectorRegistry()
    registry.register(_Read(families))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _of_process(request: Request, wiring: Wiring) -> list[Metric]:
    now, pool = Clock().now(), wiring.engine.pool
    ended = [((step,), (now - at).total_seconds()) for step, at in wiring.background.ran.items()]
    taken = pool.checkedout() if isinstance(pool, QueuePool) else 0
    return [
        gauge("background_down", "Tasks behind the service that died and wait to begin again.",
              [((), len(wiring.background.down))]),
        gauge("step_age_seconds", "Since when a kind of step last ended well.", ended, ["step"]),
        gauge("connections_in_use", "Connections of the pool that a request or a step has.", [((), taken)]),
        gauge("doorbell_hears", "Whether the rings of other processes are heard.", [((), wiring.bell.hears)]),
        gauge("live_readers", "Live connections.", [((), find_part(request, Measures).readers())]),
        gauge("loop_tasks", "Tasks of the event loop.", [((), len(asyncio.all_tasks()))]),
    ]  # fmt: skip
