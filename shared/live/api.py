"""The routes that every service has: who is signed in, a ticket, a snapshot, a socket."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, WebSocket
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.auth import Caller, issue_ticket, sign_out
from shared.contracts.events import State
from shared.db import set_scope
from shared.http import CallerApartDep, CallerDep, SessionDep, WiringDep, cookie_name
from shared.http.parts import find_part
from shared.live.push import Hub, View
from shared.live.store import Outbox
from shared.outside.asked import LINE, CptsId
from shared.wiring import Wiring

Position = Annotated[int, Query(ge=0, le=2**53)]
Epoch = Annotated[str, Query(max_length=100), LINE]
ReadState = Callable[[AsyncSession, str], Awaitable[State]]


class Ticket(BaseModel):
    """Opens one socket, once, within 30 s: send it as the first message."""

    ticket: str


class Snapshot(BaseModel):
    """The state of one CPTS as this caller may see it, and the position it was taken at."""

    cpts: str
    epoch: str
    seq: int
    state: State


class Me(BaseModel):
    """Who is signed in."""

    id: str
    role: str
    cpts: list[str]
    practitioners: list[str] | None


def narrow_to_caller(view: View, caller: Caller, state: State) -> State:
    """A state, as the caller may see it."""
    visible: State = {}
    for collection, items in state.items():
        views = {key: view(caller, collection, value) for key, value in items.items()}
        visible[collection] = {key: value for key, value in views.items() if value is not None}
    return visible


def live_routes(*, outbox: Outbox, read_state: ReadState, view: View) -> APIRouter:
    """`/live`, `/live/snapshot`, `/live/ticket` and `/session` of one service."""
    routes = APIRouter()

    @routes.get("/session", tags=["session"])
    async def me(caller: CallerDep) -> Me:
        """Who am I?"""
        own = caller.practitioners
        return Me(
            id=caller.id,
            role=caller.role,
            cpts=sorted(caller.cpts),
            practitioners=None if own is None else sorted(own),
        )

    @routes.delete("/session", status_code=204, tags=["session"])
    async def leave(caller: CallerDep, session: SessionDep, wiring: WiringDep, response: Response) -> None:
        """End my session; its sockets close within a second."""
        if caller.session:
            await sign_out(session, caller)
        response.delete_cookie(cookie_name(wiring.settings), path="/", secure=wiring.settings.secure)

    @routes.post("/live/ticket", status_code=201, tags=["live"])
    async def ticket(caller: CallerDep, session: SessionDep) -> Ticket:
        """A ticket for one socket."""
        return Ticket(ticket=await issue_ticket(session, caller))

    @routes.get("/live/snapshot", tags=["live"])
    async def snapshot(caller: CallerApartDep, wiring: WiringDep, cpts: CptsId) -> Snapshot:
        """Everything this caller may see of a CPTS now; `WS /live?after=seq` continues it."""
        caller.require_cpts(cpts)
        async with wiring.open_session() as session:
            await set_scope(session, caller.scope)
            # Begun apart if it never had an event: several may begin it at once, which a fixed view would refuse.
            await outbox.position(session, cpts)
        async with wiring.open_session() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            await set_scope(session, caller.scope)
            position = await outbox.position(session, cpts)
            state = await read_state(session, cpts)
        return Snapshot(cpts=cpts, epoch=position.epoch, seq=position.seq, state=narrow_to_caller(view, caller, state))

    @routes.websocket("/live")
    async def live(socket: WebSocket, cpts: CptsId, after: Position, epoch: Epoch) -> None:
        """Batches that continue position `after` of a CPTS's stream; the ticket is the first message."""
        wiring = find_part(socket, Wiring)
        origin: Any = socket.headers.get("origin")
        if origin is not None and origin not in {wiring.settings.public_url, *wiring.settings.origins}:
            # Before it is accepted: the answer is HTTP 403, and no close code reaches a page of another site.
            await socket.close(1008, "origin")
            return
        await socket.accept()
        await find_part(socket, Hub).serve(socket, cpts_id=cpts, after=after, epoch=epoch)

    return routes
