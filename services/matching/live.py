"""The live stream of matching: the requests, the asks for one more patient and the register of a CPTS."""

from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.reads import read_attachments
from services.matching.doctors.view import attachment_view
from services.matching.sameday.reads import read_state
from services.matching.sameday.store.tables import OUTBOX
from services.matching.sameday.view import ask_view, request_view
from shared.auth import Caller
from shared.contracts.events import State
from shared.live.api import live_routes

VIEWS = {"attachments": attachment_view, "overbooking_asks": ask_view}


async def read_whole(session: AsyncSession, cpts_id: str) -> State:
    """The requests and the register of a CPTS."""
    return {**await read_state(session, cpts_id), **await read_attachments(session, cpts_id)}


def view(caller: Caller, collection: str, value: dict[str, Any]) -> dict[str, Any] | None:
    """A value as this caller may see it; None: not at all."""
    return VIEWS.get(collection, request_view)(caller, value)


routes = live_routes(outbox=OUTBOX, read_state=read_whole, view=view)
