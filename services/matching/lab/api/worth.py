"""What one more place would be worth now, by practitioner and by commune: for who asks practitioners for slots."""

from dataclasses import replace

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.sameday.worth import PlacePrice, by_commune, by_practitioner, place_prices
from services.matching.lab.api.foresight import READERS
from services.matching.sameday.app.board import read_instance
from services.matching.sameday.edges.following import Territories
from services.matching.sameday.edges.solver import Solver
from services.matching.sameday.edges.travel import Router
from shared.http import CallerDep, SessionDep
from shared.http.parts import find_part
from shared.outside.asked import CptsId

routes = APIRouter(tags=["planning"])


class WorthView(BaseModel):
    """One more place at this slot: the class (1 to 4) of the one person more it would serve, or the seconds saved."""

    practitioner_id: str
    slot_id: str
    insee: str
    serves: int | None
    saves_s: int | None


class Worths(BaseModel):
    """The most precious place of each practitioner and of each commune, best first; worthless ones left out."""

    practitioners: list[WorthView]
    communes: list[WorthView]
    travel: str


@routes.get("/place-prices")
async def prices(request: Request, caller: CallerDep, session: SessionDep, cpts: CptsId) -> Worths:
    """Where one more place would serve somebody, or spare travel and wait, given who waits and what is free."""
    caller.require(*READERS)
    caller.require_cpts(cpts)
    return await _worths(request, session, cpts)


async def _worths(request: Request, session: AsyncSession, cpts_id: str) -> Worths:
    territories = find_part(request, Territories)
    territory = territories[cpts_id]
    board = await read_instance(session, cpts_id, territory)
    slots = (*board.instance.slots, *board.full)
    router = find_part(request, Router)
    # Nothing is computed with a connection in hand.
    await session.commit()
    travel, name = await router.travel(replace(board.instance, slots=slots))
    solver = find_part(request, Solver)
    live, places = territory.items("slots"), territory.items("places")
    communes = {slot.id: places[live[slot.id]["place_id"]]["insee"] for slot in slots}
    found = [one for one in await solver(place_prices, board.instance, board.full, communes, travel) if one.saves]
    return Worths(
        practitioners=[_view(one) for one in by_practitioner(found)],
        communes=[_view(one) for one in by_commune(found)],
        travel=name,
    )


def _view(price: PlacePrice) -> WorthView:
    return WorthView(
        practitioner_id=price.practitioner,
        slot_id=price.slot,
        insee=price.commune,
        serves=None if price.serves is None else int(price.serves),
        saves_s=None if price.serves else price.saves,
    )
