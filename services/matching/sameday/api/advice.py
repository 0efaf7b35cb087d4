"""The best slots for one request, at once."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.model import Instance
from services.matching.engine.model import Request as CoreRequest
from services.matching.engine.sameday.recommend import PriceList
from services.matching.engine.sameday.recommend import options as best
from services.matching.sameday.app import asking, overbooking
from services.matching.sameday.app.advising import ClosedView, Options, advice
from services.matching.sameday.app.board import read_instance
from services.matching.sameday.app.foreign import ElsewhereView, core_slots, elsewhere
from services.matching.sameday.app.intake import RequestForm
from services.matching.sameday.app.round.deciding import core_request
from services.matching.sameday.edges.following import Territories, Territory
from services.matching.sameday.edges.foreign import ForeignSlots
from services.matching.sameday.edges.pricing import Pricing
from services.matching.sameday.edges.solver import Solver, recommend
from services.matching.sameday.edges.travel import Router
from services.matching.sameday.store.tables import RequestRow
from shared.http import CallerDep, SessionDep
from shared.http.parts import find_part

routes = APIRouter(tags=["options"])
ELSEWHERE = 3
"""How many slots of other editors are proposed beside ours."""


@routes.post("/options")
async def options(request: Request, form: RequestForm, caller: CallerDep, session: SessionDep) -> Options:
    """The best slots for a request that is not made yet; nothing is stored."""
    row = await asking.new_request(session, caller, form)
    may = await asking.who_may_see(session, row, form)
    found = await _advise(request, session, row, k=5)
    found.questions, found.closed = list(may.questions), [ClosedView.of(each) for each in may.closed]
    return found


@routes.get("/requests/{request_id}/options")
async def options_of(
    request: Request,
    request_id: UUID,
    caller: CallerDep,
    session: SessionDep,
    k: Annotated[int, Query(ge=1, le=20)] = 5,
) -> Options:
    """The best slots for a request on the board."""
    row = await asking.acting_on(session, caller, request_id)
    return await _advise(request, session, row, k=k)


async def _advise(request: Request, session: AsyncSession, row: RequestRow, *, k: int) -> Options:
    """Among all who wait and all that is free: values, no lock, and no promise."""
    territories = find_part(request, Territories)
    solver = find_part(request, Solver)
    territory = territories[row.cpts_id]
    board, asked = await read_instance(session, row.cpts_id, territory), core_request(row)
    instance = board.instance
    # Nothing is asked elsewhere or computed with a connection in hand.
    await session.commit()
    router = find_part(request, Router)
    travel, name = await router.travel(replace(instance, requests=(*instance.requests, asked)))
    pricing = find_part(request, Pricing)
    found, why = await pricing.options(row.cpts_id, instance, asked, k, travel, name), None
    if not found:
        found, why = await solver(recommend, instance, board.full, asked, k, travel)
    answer = advice(
        found,
        why,
        territory.items("slots"),
        travel=name,
        askable=min(overbooking.AT_ONCE, len(_who_may_be_asked(row, territory, instance))) if why else 0,
        deadline_at=row.deadline_at,
    )
    answer.elsewhere = await _elsewhere(request, replace(instance, requests=()), asked, board.now)
    return answer


async def _elsewhere(request: Request, instance: Instance, asked: CoreRequest, now: datetime) -> list[ElsewhereView]:
    """The best of other editors' slots by the same rules; they have no price, nobody here competes for them."""
    foreign = find_part(request, ForeignSlots)
    found = await foreign(asked.cpts)
    if not found:
        return []
    territory = find_part(request, Territories)[asked.cpts]
    slots = core_slots(found.values(), territory.items("practitioners"), now)
    theirs = replace(instance, slots=slots)
    router = find_part(request, Router)
    travel, _ = await router.travel(replace(theirs, requests=(asked,)))
    solver = find_part(request, Solver)
    return elsewhere(await solver(best, theirs, asked, ELSEWHERE, PriceList({}, (), {}), travel), found)


def _who_may_be_asked(row: RequestRow, territory: Territory, instance: Instance) -> list[overbooking.Candidate]:
    live = {name: territory.items(name) for name in ("practitioners", "places", "slots")}
    return overbooking.candidates(row, live, instance.parameters)
