"""The register of people without a médecin traitant: enter, read, accept, refuse, confirm, withdraw, revalidate."""

from collections.abc import Awaitable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from services.matching.doctors.app import answers, finding
from services.matching.doctors.app import register as app
from services.matching.doctors.app.intake import AttachmentForm, EntrySearchForm, RefusalForm, WithdrawalForm
from services.matching.doctors.reads import (
    RoundOutcome,
    attachment_row,
    attachment_story,
    attachments_of,
    last_outcome,
)
from services.matching.doctors.store.register import AttachmentRow, view_of
from services.matching.doctors.view import attachment_view
from services.matching.sameday.reads import StoryLine
from shared.auth import Caller
from shared.contracts.register import AttachmentState, AttachmentView
from shared.http import CallerDep, OnceDep, SessionDep, WiringDep
from shared.live.seen import narrow
from shared.outside.asked import CptsId
from shared.patients.patient import show_patient
from shared.refusals import NotFound

routes = APIRouter(tags=["médecin traitant"])


class AttachmentStory(AttachmentView):
    """An entry with everything that happened to it, and what the last round decided for it."""

    max_travel_minutes: int | None
    has_patient: bool
    story: list[StoryLine]
    last_round: RoundOutcome | None


@routes.post("/attachments", status_code=201, response_model=AttachmentView)
async def register(
    form: AttachmentForm, caller: CallerDep, session: SessionDep, wiring: WiringDep, once: OnceDep
) -> JSONResponse:
    """Enter someone in the register."""
    return await once(lambda: _view(caller, app.register(session, caller, wiring.vault, form)))


@routes.get("/attachments")
async def list_attachments(
    caller: CallerDep,
    session: SessionDep,
    cpts: CptsId,
    state: Annotated[list[AttachmentState], Query(max_length=20)] = [],  # noqa: B006  FastAPI copies it
) -> list[AttachmentView]:
    """The register of a CPTS as you may see it, the oldest first; a practitioner sees what is proposed to them."""
    caller.require_cpts(cpts)
    seen = [_visible(caller, row) for row in await attachments_of(session, cpts, state)]
    return [each for each in seen if each is not None]


@routes.post("/attachments/search")
async def find_attachments(
    form: EntrySearchForm, caller: CallerDep, session: SessionDep, wiring: WiringDep
) -> list[finding.Marked]:
    """Who may be told from whom: initials, age, reference of the entries one may act on; `q` narrows by name too."""
    caller.require(*app.REGISTRARS)
    return await finding.find(session, caller, wiring.vault, form.cpts_id, form.q)


@routes.get("/attachments/{attachment_id}")
async def read_attachment(attachment_id: UUID, caller: CallerDep, session: SessionDep) -> AttachmentStory:
    """One entry; its story is for who registered the person or runs the register."""
    row = await attachment_row(session, attachment_id)
    seen = _visible(caller, row)
    if seen is None:
        raise NotFound(field="attachment_id", value=attachment_id)
    whole = seen == view_of(row) and not app.is_proposed_to(caller, row)
    return AttachmentStory(
        **seen.model_dump(),
        max_travel_minutes=None if row.max_travel_s is None else row.max_travel_s // 60,
        has_patient=row.patient_sealed is not None,
        story=await attachment_story(session, attachment_id) if whole else [],
        last_round=await last_outcome(session, attachment_id) if whole else None,
    )


@routes.get("/attachments/{attachment_id}/patient")
async def read_patient(
    attachment_id: UUID, caller: CallerDep, session: SessionDep, wiring: WiringDep, call: bool = False
) -> dict[str, Any]:
    """What is known of the person; each reading leaves a trace. `call` adds where a press on the number leads."""
    known = await app.read_patient(session, caller, wiring.vault, attachment_id)
    return show_patient(known) if call else known


@routes.post("/attachments/{attachment_id}/acceptance", response_model=AttachmentView)
async def accept(attachment_id: UUID, caller: CallerDep, session: SessionDep, once: OnceDep) -> JSONResponse:
    """Accept a proposal, with its whole household: the practitioner first, then the patient."""
    return await once(lambda: _view(caller, answers.accept(session, caller, attachment_id)), status=200)


@routes.post("/attachments/{attachment_id}/refusal", response_model=AttachmentView)
async def refuse(
    attachment_id: UUID, form: RefusalForm, caller: CallerDep, session: SessionDep, once: OnceDep
) -> JSONResponse:
    """Refuse a proposal, with its whole household; the same practitioner is not proposed to them again."""
    return await once(lambda: _view(caller, answers.refuse(session, caller, attachment_id, form.reason)), status=200)


@routes.post("/attachments/{attachment_id}/confirmation", response_model=AttachmentView)
async def confirm(attachment_id: UUID, caller: CallerDep, session: SessionDep, once: OnceDep) -> JSONResponse:
    """The declaration of médecin traitant is made."""
    return await once(lambda: _view(caller, answers.confirm(session, caller, attachment_id)), status=200)


@routes.post("/attachments/{attachment_id}/withdrawal", response_model=AttachmentView)
async def withdraw(
    attachment_id: UUID, form: WithdrawalForm, caller: CallerDep, session: SessionDep, once: OnceDep
) -> JSONResponse:
    """Take someone off the register."""
    return await once(lambda: _view(caller, answers.withdraw(session, caller, attachment_id, form.reason)), status=200)


@routes.post("/attachments/{attachment_id}/revalidation", response_model=AttachmentView)
async def revalidate(attachment_id: UUID, caller: CallerDep, session: SessionDep, once: OnceDep) -> JSONResponse:
    """The person still looks for a médecin traitant; they keep their turn."""
    return await once(lambda: _view(caller, answers.revalidate(session, caller, attachment_id)), status=200)


async def _view(caller: Caller, changing: Awaitable[AttachmentRow]) -> AttachmentView:
    """The entry as whoever changed it may see it; a practitioner who refused sees no more than that."""
    row = await changing
    seen = _visible(caller, row)
    return seen or view_of(row).model_copy(update={"insee": "", "priority_class": "", "registered_by": "", "why": {}})


def _visible(caller: Caller, row: AttachmentRow) -> AttachmentView | None:
    return narrow(caller, attachment_view, view_of(row))
