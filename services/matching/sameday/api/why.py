"""Why a slot is not proposed, answered rule by rule by the engine's own rules."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.matching.engine.model import Blocker, SlotType
from services.matching.engine.sameday.offered import Offered, check_offer
from services.matching.sameday.app.board import read_instance
from services.matching.sameday.app.round.deciding import SEES
from services.matching.sameday.edges.following import Territories, core_slot, count_lapsed_holds, is_offered
from services.matching.sameday.edges.solver import Solver
from services.matching.sameday.edges.travel import Router
from shared.auth import Role
from shared.db import database_now
from shared.http import CallerDep, SessionDep
from shared.http.parts import find_part
from shared.outside.asked import CptsId
from shared.refusals import NotFound

routes = APIRouter(tags=["options"])
MAY_ASK = (Role.PRACTITIONER, Role.DELEGATE, Role.COORDINATOR, Role.ADMIN)
ASKERS: dict[str, frozenset[SlotType]] = {
    role: SEES.get(role, frozenset(SlotType)) for role in (Role.REGULATOR, Role.PHARMACIST, Role.COORDINATOR)
}
PUBLISHED = "published"
ORDER = (
    Blocker.TAKEN,
    Blocker.PAUSED,
    Blocker.WEEK_CAP,
    Blocker.VISIBILITY,
    Blocker.WINDOW,
    Blocker.PROFESSION,
    Blocker.ACT,
    Blocker.AGE,
    Blocker.MODE,
    Blocker.DISTANCE,
    Blocker.WHEELCHAIR,
    Blocker.PARTY,
    Blocker.FORBIDDEN,
)
"""What a practitioner can change first, then what depends on who asks."""


class RuleView(BaseModel):
    """One rule: whether it lets everybody in, how many who wait it keeps away (`alone`: nothing else does), whom else.

    `wanted`: the mode or motive that would let most of them in. `askers`: kinds of asker it hides the slot from.
    """

    rule: str
    ok: bool
    blocked: int = 0
    alone: int = 0
    wanted: str = ""
    askers: list[str] = []


class WhyView(BaseModel):
    """Every rule, for one slot and all who wait: `suits` of `waiting` could be given it."""

    slot_id: str
    waiting: int
    suits: int
    rules: list[RuleView]


@routes.get("/slots/{slot_id}/why")
async def why(
    request: Request,
    slot_id: UUID,
    caller: CallerDep,
    session: SessionDep,
    cpts: CptsId,
) -> WhyView:
    """Whether a slot is proposed to those who wait and to who would ask now, rule by rule: for its practitioner."""
    caller.require(*MAY_ASK)
    caller.require_cpts(cpts)
    territories = find_part(request, Territories)
    territory = territories[cpts]
    value = territory.items("slots").get(str(slot_id))
    if value is None:
        raise NotFound(field="slot_id", value=slot_id)
    caller.require_practitioner(value["practitioner_id"])
    now_at_s = int((await database_now(session)).timestamp())
    place, who = (
        territory.items("places")[value["place_id"]],
        territory.items("practitioners")[value["practitioner_id"]],
    )
    slot = core_slot(value, place, who)
    slot = replace(slot, places=slot.places + count_lapsed_holds(value, now_at_s))
    instance = (await read_instance(session, cpts, territory, [slot])).instance
    router = find_part(request, Router)
    # Nothing is computed with a connection in hand.
    await session.commit()
    travel, _ = await router.travel(replace(instance, slots=(slot,)))
    solver = find_part(request, Solver)
    return _view(value, await solver(check_offer, instance, slot, ASKERS, cpts, travel))


def _view(value: dict[str, Any], found: Offered) -> WhyView:
    tallies = {each.blocker: each for each in found.tallies}
    hidden_from = {rule: [asker for asker, why in found.askers if rule in why] for rule in ORDER}
    published = RuleView(rule=PUBLISHED, ok=is_offered(value), blocked=0 if is_offered(value) else found.waiting)
    return WhyView(
        slot_id=value["id"],
        waiting=found.waiting,
        suits=found.suits if is_offered(value) else 0,
        rules=[
            published,
            *(
                RuleView(
                    rule=rule,
                    ok=not tallies[rule].blocked and not hidden_from[rule],
                    blocked=tallies[rule].blocked,
                    alone=tallies[rule].alone,
                    wanted=tallies[rule].wanted,
                    askers=hidden_from[rule],
                )
                for rule in ORDER
            ),
        ],
    )
