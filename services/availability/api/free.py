"""The places free now and at the same hour of days before: what the coordinator's board shows beside its requests."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.availability.reads.free import free_places
from services.availability.tables import OUTBOX
from shared.auth import Role
from shared.db import Scope, set_scope
from shared.http import CallerApartDep, WiringDep
from shared.http.parts import find_part
from shared.outside.asked import CptsId
from shared.running.kept import Kept, age_of_past, minute_of
from shared.wiring import Wiring

BEFORE = {"today": timedelta(), "yesterday": timedelta(days=1), "last_week": timedelta(days=7)}
routes = APIRouter(tags=["slots"])


class FreePlaces(BaseModel):
    """Places free now, yesterday and a week ago at this hour."""

    today: int
    yesterday: int
    last_week: int


class KeptPlaces(Kept[int]):
    """Free places, counted once per change, however many look."""


def keep_free_places(request: Request) -> KeptPlaces:
    """What was counted."""
    return find_part(request, KeptPlaces)


@routes.get("/free-places")
async def read_free_places(
    caller: CallerApartDep,
    wiring: WiringDep,
    kept: Annotated[KeptPlaces, Depends(keep_free_places)],
    cpts: CptsId,
) -> FreePlaces:
    """How many places were free, for who watches the board."""
    caller.require(Role.COORDINATOR, Role.ADMIN)
    caller.require_cpts(cpts)
    async with wiring.open_session() as session:
        await set_scope(session, caller.scope)
        now, head = wiring.clock.now(), await OUTBOX.position(session, cpts)
    stamps = {
        "today": (head.epoch, head.seq, minute_of(now)),
        "yesterday": age_of_past(now),
        "last_week": age_of_past(now),
    }

    async def count(name: str) -> int:
        return await kept((cpts, name), stamps[name], partial(_count, wiring, cpts, now - BEFORE[name]))

    return FreePlaces(**{name: await count(name) for name in BEFORE})


async def _count(wiring: Wiring, cpts_id: str, at: datetime) -> int:
    """In a transaction of its own: others may wait for the answer after who asked first has gone."""
    async with wiring.open_session() as session:
        await set_scope(session, Scope(frozenset({cpts_id})))
        return await free_places(session, cpts_id, at)
