"""Running the board by hand: who takes care, calls, notes, closing many and taking it back, finding a request again."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, Field

from services.matching.sameday.api.requests import ClosureForm, DeskDep, visible
from services.matching.sameday.app import asking, searching
from services.matching.sameday.app.hand import running
from services.matching.sameday.app.intake import Form
from services.matching.sameday.store.requests import view_of
from services.people.audit import Colleague, colleagues, labels_of
from shared.auth import Role
from shared.contracts import RequestState, RequestView
from shared.db import database_now
from shared.http import CallerDep, OnceDep, SessionDep

routes = APIRouter(tags=["board"])
Many = Annotated[list[UUID], Field(min_length=1, max_length=300)]
Initials = Annotated[str, Field(max_length=12)]


class OwnerForm(Form):
    """Who takes care of a request from now on; none: nobody."""

    account: UUID | None = None


class CallForm(Form):
    """Who was called."""

    whom: Literal["patient", "asker", "practitioner"]
    practitioner_id: UUID | None = None


class NoteForm(Form):
    """A few words for whoever follows; sealed."""

    text: str = Field(min_length=1, max_length=500)


class NoteView(BaseModel):
    """A note, opened."""

    at: datetime
    by: str
    text: str


class Notes(BaseModel):
    """The notes on a request, oldest first."""

    notes: list[NoteView]


class ClosuresForm(ClosureForm):
    """Requests closed together: one reason, and a note when there is more to say."""

    request_ids: Many
    note: str = Field(default="", max_length=500)


class OpeningsForm(Form):
    """Requests whose closure is taken back."""

    request_ids: Many


class Done(BaseModel):
    """Which requests were changed; the others had moved meanwhile."""

    request_ids: list[UUID]


class SearchForm(Form):
    """What is looked for, in the body: initials have no business in a log of requests. A day, by default."""

    cpts_id: Annotated[str, Field(max_length=20)]
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    initials: Initials = ""
    insee: Annotated[str, Field(pattern=r"^(|(\d{2}|2[AB])\d{3})$")] = ""
    urgency: int | None = Field(default=None, ge=1, le=4)
    states: list[RequestState] = Field(default=[], max_length=10)


class FoundView(BaseModel):
    """A request that fits, whether it ended or not, with what a row may show of the patient and who asked."""

    request: RequestView
    initials: str
    age: int | None
    asked_by_name: str


class FoundRequests(BaseModel):
    """What was found, the latest first; `more`: not everything was looked at."""

    found: list[FoundView]
    more: bool


@routes.get("/colleagues")
async def list_colleagues(
    caller: CallerDep, session: SessionDep, cpts: Annotated[str, Query(max_length=20)]
) -> list[Colleague]:
    """Who asks and who runs the board in a CPTS, by account: whom to call, whom to hand a request to."""
    caller.require(*asking.RUNS_THE_BOARD, Role.ADMIN)
    caller.require_cpts(cpts)
    return await colleagues(session, cpts)


@routes.put("/requests/{request_id}/owner", response_model=RequestView)
async def hand_over(request_id: UUID, form: OwnerForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Hand a request over, or let it go."""

    async def use_case() -> RequestView:
        return view_of(await running.hand_over(desk, request_id, form.account))

    return await once(use_case, status=200)


@routes.post("/requests/{request_id}/calls", response_model=RequestView)
async def note_call(request_id: UUID, form: CallForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Leave a trace of a call in the request's story."""

    async def use_case() -> RequestView:
        return view_of(await running.note_call(desk, request_id, form.whom, form.practitioner_id))

    return await once(use_case, status=200)


@routes.post("/requests/{request_id}/notes", response_model=RequestView)
async def add_note(request_id: UUID, form: NoteForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Leave a note on a request."""

    async def use_case() -> RequestView:
        return view_of(await running.add_note(desk, request_id, form.text))

    return await once(use_case, status=200)


@routes.get("/requests/{request_id}/notes")
async def read_notes(request_id: UUID, desk: DeskDep) -> Notes:
    """The notes on a request; reading them leaves a trace."""
    found = await running.read_notes(desk, request_id)
    who = await labels_of(desk.session, {each.by for each in found})
    return Notes(notes=[NoteView(at=each.row.at, by=who.get(each.by, ""), text=each.text) for each in found])


@routes.post("/requests/closures", response_model=Done)
async def close_all(form: ClosuresForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Close several requests with one reason; those that hold a place or have an appointment stay as they are."""

    async def use_case() -> Done:
        return Done(request_ids=await running.close_all(desk, form.request_ids, form.reason, form.note))

    return await once(use_case, status=200)


@routes.post("/requests/openings", response_model=Done)
async def open_again(form: OpeningsForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Take closures back."""

    async def use_case() -> Done:
        return Done(request_ids=await running.open_again(desk, form.request_ids))

    return await once(use_case, status=200)


@routes.post("/requests/search")
async def search(form: SearchForm, desk: DeskDep) -> FoundRequests:
    """Find requests again, ended ones too: all of them for who runs the board, else those one made."""
    caller = desk.caller
    caller.require_cpts(form.cpts_id)
    caller.require(*asking.ASKERS)
    now = await database_now(desk.session)
    until = form.until or now
    wanted = searching.RequestSearch(
        form.cpts_id, form.since or until - timedelta(days=1), until,
        form.initials, form.insee, form.urgency, form.states,
    )  # fmt: skip
    found, more = await searching.search(desk.session, caller, desk.vault, wanted)
    who = await labels_of(desk.session, {each.row.asked_by for each in found})
    return FoundRequests(
        found=[
            FoundView(
                request=visible(caller, each.row) or view_of(each.row),
                initials=each.initials,
                age=each.row.age,
                asked_by_name=who.get(each.row.asked_by, ""),
            )
            for each in found
        ],
        more=more,
    )
