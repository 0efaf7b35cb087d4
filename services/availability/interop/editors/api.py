"""Slots that other editors publish: to be proposed with the address where one books them."""

from fastapi import APIRouter
from pydantic import BaseModel

from services.availability.interop.editors.reads import ForeignSlot, ForeignSource, foreign_slots, foreign_sources
from services.availability.interop.sas.api import EVERYTHING
from services.availability.live import SEES_TYPES
from shared.auth import Role
from shared.db import set_scope
from shared.http import CallerDep, SessionDep
from shared.outside.asked import CptsId

routes = APIRouter(tags=["foreign slots"])


class Foreign(BaseModel):
    """What is free elsewhere, by time, and how each editor is doing."""

    slots: list[ForeignSlot]
    sources: list[ForeignSource]


@routes.get("/foreign-slots")
async def foreign(caller: CallerDep, session: SessionDep, cpts: CptsId) -> Foreign:
    """What the caller may propose of other editors' slots in a CPTS."""
    caller.require(Role.PHARMACIST, Role.REGULATOR, Role.COORDINATOR, Role.ADMIN, Role.MACHINE)
    caller.require_cpts(cpts)
    # Their own slots elsewhere count too, in CPTS that the caller does not see.
    await set_scope(session, EVERYTHING)
    types = SEES_TYPES.get(caller.role)
    found = await foreign_slots(session, cpts)
    return Foreign(
        slots=[slot for slot in found if types is None or not types.isdisjoint(slot.types)],
        sources=await foreign_sources(session, cpts),
    )
