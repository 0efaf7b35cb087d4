"""What each role sees of the requests.

Who runs or supervises the board sees everything, the committee without what leads to a person's appointment. Who asks
sees their own requests, and of the others enough to count them: neither motive, nor slot, nor who asked. A practitioner
or delegate sees who comes to their own slots, what they asked themselves, and what they are asked to take on top.
"""

from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.attachment_view import attachment_view
from services.matching.reads import read_state
from services.matching.reads_attachment import read_attachments
from services.matching.store.tables import OUTBOX
from shared.auth import Caller, Role
from shared.events import State
from shared.live_api import live_routes

APPOINTMENT: dict[str, Any] = {"slot_id": None, "booking_id": None, "practitioner_id": None, "held_until": None}
OTHERS: dict[str, Any] = {**APPOINTMENT, "act": "", "asked_by": "", "owner": "", "cost": {}, "relaxations": []}
SEES_ALL = frozenset({Role.COORDINATOR, Role.ADMIN, Role.MACHINE})


async def read_whole(session: AsyncSession, cpts_id: str) -> State:
    """The requests and the register of a CPTS."""
    return {**await read_state(session, cpts_id), **await read_attachments(session, cpts_id)}


def view(caller: Caller, collection: str, value: dict[str, Any]) -> dict[str, Any] | None:
    """A value as this caller may see it; None: not at all."""
    if collection == "attachments":
        return attachment_view(caller, value)
    if collection == "overbooking_asks":
        return ask_view(caller, value)
    if caller.role in SEES_ALL or value["asked_by"] == caller.id:
        return value
    if caller.role is Role.COMMITTEE:
        return {**value, **APPOINTMENT}
    if caller.role in (Role.REGULATOR, Role.PHARMACIST):
        return {**value, **OTHERS}
    comes = (
        value["booking_id"] and caller.practitioners is not None and value["practitioner_id"] in caller.practitioners
    )
    return value if comes else None


def ask_view(caller: Caller, value: dict[str, Any]) -> dict[str, Any] | None:
    """An ask for one more patient: for who asked it or the request, who is asked, and who runs the board."""
    if caller.role in SEES_ALL or caller.id in (value["asked_by"], value["request_by"]):
        return value
    if value["practitioner_id"] in (caller.practitioners or ()):
        return {**value, "asked_by": "", "request_by": ""}
    return None


routes = live_routes(outbox=OUTBOX, read_state=read_whole, view=view)
