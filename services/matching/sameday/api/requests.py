"""Requests: ask, read, hold, confirm, release, cancel, close, tell, relax."""

from collections.abc import Awaitable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from starlette.requests import HTTPConnection

from services.matching.sameday.app import asking
from services.matching.sameday.app.bookings import Bookings
from services.matching.sameday.app.hand import holding, tending
from services.matching.sameday.app.hand.tending import Desk
from services.matching.sameday.app.intake import Form, HoldForm, RelaxationForm, RequestForm
from services.matching.sameday.app.round.deciding import SEES
from services.matching.sameday.edges.availability import Availability
from services.matching.sameday.edges.following import Territories
from services.matching.sameday.reads import StoryLine, request_row, requests_of, story_of
from services.matching.sameday.store.requests import view_of
from services.matching.sameday.store.tables import RequestRow
from services.matching.sameday.view import request_view
from shared.auth import Caller
from shared.contracts import RequestState, RequestView
from shared.http import CallerDep, OnceDep, SessionDep, WiringDep
from shared.http.parts import find_part
from shared.live.seen import narrow
from shared.outside.asked import CptsId
from shared.patients.patient import Patient, show_patient
from shared.refusals import NotAllowed, NotFound

routes = APIRouter(tags=["requests"])


class ReleaseForm(Form):
    """What becomes of the request: the patient leaves, or another slot, practitioner or day, or the board."""

    then: holding.AfterRelease = holding.AfterRelease.LEAVE


class ConfirmationForm(Form):
    """Who comes, when the practitioner must know."""

    patient: Patient | None = None


class CancellationForm(Form):
    """Why whoever asked no longer needs a slot."""

    reason: Literal["patient", "better_elsewhere", "emergency", "mistake", "duplicate", "other"]


class ClosureForm(Form):
    """How the board's owner settled a request that no slot served."""

    reason: Literal["served_elsewhere", "emergency", "unreachable", "gave_up", "duplicate", "no_solution", "other"]


class RequestStory(RequestView):
    """A request with everything that happened to it."""

    max_travel_minutes: int
    own_transport: bool
    wheelchair: bool
    party: int
    has_patient: bool
    story: list[StoryLine]


def bookings_of(connection: HTTPConnection) -> Bookings:
    """Where slots are held."""
    return find_part(connection, Availability)


async def desk(
    session: SessionDep, caller: CallerDep, wiring: WiringDep, bookings: Annotated[Bookings, Depends(bookings_of)]
) -> Desk:
    """What a use case works with."""
    return Desk(session, caller, bookings, wiring.vault)


DeskDep = Annotated[Desk, Depends(desk, scope="function")]


@routes.post("/requests", status_code=201, response_model=RequestView)
async def submit_request(form: RequestForm, desk: DeskDep, once: OnceDep, connection: HTTPConnection) -> JSONResponse:
    """Ask a slot for a patient: with the slot that was chosen, in hand of who asks, or on the board for a round."""
    if (chosen := form.hold) is not None:
        require_open_to(desk.caller, connection, asking.cpts_to_ask(desk.caller, form), chosen.slot_id)
        return await once(lambda: _view(holding.submit_held(desk, form, chosen, once.key)))
    return await once(lambda: _view(asking.submit_request(desk.session, desk.caller, desk.vault, form)))


async def _view(row: Awaitable[RequestRow]) -> RequestView:
    return view_of(await row)


@routes.get("/requests")
async def list_requests(
    caller: CallerDep,
    session: SessionDep,
    cpts: CptsId,
    state: Annotated[list[RequestState], Query(max_length=20)] = [],  # noqa: B006  FastAPI copies it
) -> list[RequestView]:
    """The requests of a CPTS as you may see them, the most urgent and oldest first."""
    caller.require_cpts(cpts)
    seen = [visible(caller, row) for row in await requests_of(session, cpts, state)]
    return [each for each in seen if each is not None]


def visible(caller: Caller, row: RequestRow) -> RequestView | None:
    """A request as this caller may see it."""
    return narrow(caller, request_view, view_of(row))


@routes.get("/requests/{request_id}")
async def read_request(request_id: UUID, caller: CallerDep, session: SessionDep) -> RequestStory:
    """One request with its whole story, for who sees all of it."""
    row = await request_row(session, request_id)
    seen = visible(caller, row)
    if seen is None or seen != view_of(row):
        raise NotFound(field="request_id", value=request_id)
    return RequestStory(
        **seen.model_dump(),
        max_travel_minutes=row.max_travel_s // 60,
        own_transport=not row.on_foot,
        wheelchair=row.wheelchair,
        party=row.party,
        has_patient=row.patient_sealed is not None,
        story=await story_of(session, request_id),
    )


@routes.get("/requests/{request_id}/patient")
async def read_patient(
    request_id: UUID, caller: CallerDep, session: SessionDep, wiring: WiringDep, call: bool = False
) -> dict[str, Any]:
    """What is known of the patient; each reading leaves a trace. `call` adds where a press on the number leads."""
    known = await asking.read_patient(session, caller, wiring.vault, request_id)
    return show_patient(known) if call else known


@routes.post("/requests/{request_id}/hold", status_code=201, response_model=RequestView)
async def hold(
    request_id: UUID, form: HoldForm, desk: DeskDep, once: OnceDep, connection: HTTPConnection
) -> JSONResponse:
    """Keep a slot for this request while you speak with the patient, instead of another one if it holds one.

    A slot that is not for your role is refused.
    """

    async def hold_it() -> RequestRow:
        row = await asking.acting_on(desk.session, desk.caller, request_id)
        require_open_to(desk.caller, connection, row.cpts_id, form.slot_id)
        return await holding.hold(desk, request_id, form)

    return await once(lambda: _view(hold_it()))


def require_open_to(caller: Caller, connection: HTTPConnection, cpts_id: str, slot_id: UUID) -> None:
    """Refuse a slot whose types the caller's role does not see: our machine, which holds it, sees them all."""
    slot = find_part(connection, Territories)[cpts_id].items("slots").get(str(slot_id))
    seen = SEES.get(caller.role)
    own = slot is not None and slot["practitioner_id"] in (caller.practitioners or ())
    if slot is not None and seen is not None and not own and seen.isdisjoint(slot["types"]):
        raise NotAllowed("Ce créneau n'est pas ouvert à votre rôle.", field="slot_id", rule="a slot shown to you")


@routes.post("/requests/{request_id}/confirmation", response_model=RequestView)
async def confirm(request_id: UUID, form: ConfirmationForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Make the held slot firm."""
    return await once(lambda: _view(holding.confirm(desk, request_id, form.patient)), status=200)


@routes.post("/requests/{request_id}/release", response_model=RequestView)
async def release(request_id: UUID, desk: DeskDep, once: OnceDep, form: ReleaseForm | None = None) -> JSONResponse:
    """Give the held slot back: the request ends, or waits for another choice, or goes to the board, as you say."""
    then = (form or ReleaseForm()).then
    return await once(lambda: _view(holding.let_go(desk, request_id, then)), status=200)


@routes.post("/requests/{request_id}/board", response_model=RequestView)
async def board(request_id: UUID, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Put it on the board: from now on a round may give it a slot by itself."""
    return await once(lambda: _view(tending.board(desk, request_id)), status=200)


@routes.post("/requests/{request_id}/cancellation", response_model=RequestView)
async def cancel(request_id: UUID, form: CancellationForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """The patient no longer needs a slot."""
    return await once(lambda: _view(holding.end(desk, request_id, code="cancelled", reason=form.reason)), status=200)


@routes.post("/requests/{request_id}/closure", response_model=RequestView)
async def close(request_id: UUID, form: ClosureForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Take a request off the board, settled otherwise: for who runs it."""
    desk.caller.require(*asking.RUNS_THE_BOARD)
    return await once(lambda: _view(holding.end(desk, request_id, code="closed", reason=form.reason)), status=200)


@routes.post("/requests/{request_id}/ownership", response_model=RequestView)
async def own(request_id: UUID, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Take care of this request: the board shows who does."""
    desk.caller.require(*asking.RUNS_THE_BOARD)
    return await once(lambda: _view(tending.own(desk, request_id)), status=200)


@routes.post("/requests/{request_id}/told", response_model=RequestView)
async def mark_told(request_id: UUID, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """The patient was called back; 409 when the request changed meanwhile: there is something else to tell."""
    return await once(lambda: _view(tending.mark_told(desk, request_id)), status=200)


@routes.post("/requests/{request_id}/relaxation", response_model=RequestView)
async def relax(request_id: UUID, form: RelaxationForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """The patient accepts to go farther, otherwise or later."""
    return await once(lambda: _view(tending.relax(desk, request_id, form)), status=200)
