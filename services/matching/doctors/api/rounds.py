"""Médecin traitant rounds: run one, read its figures and its proposals, set its parameters."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from starlette.requests import HTTPConnection

from services.matching.doctors.app import rounds as app
from services.matching.doctors.app import telling
from services.matching.doctors.app.intake import RoundForm
from services.matching.doctors.app.parameters import (
    AttachmentSettings,
    attachment_settings,
    set_attachment_settings,
)
from services.matching.doctors.app.preparing import RoundDesk, Unsolved
from services.matching.doctors.edges.panels import Panels
from services.matching.doctors.reads import (
    Round,
    RoundOutcome,
    RoundPreview,
    figures,
    outcomes_of,
    round_row,
    rounds_of,
)
from services.matching.doctors.store.register import AttachmentRoundRow
from services.matching.engine.doctors.decision import Decision, decide
from services.matching.engine.doctors.model import AttachmentRound
from services.matching.sameday.edges.solver import UNSOLVED, Solver
from shared.auth import Role
from shared.http import CallerDep, OnceDep, SessionDep
from shared.http.parts import find_part
from shared.outside.asked import CptsId

READS_FIGURES = (Role.COORDINATOR, Role.COMMITTEE, Role.ADMIN, Role.MACHINE)
READS_ROUNDS = tuple(role for role in READS_FIGURES if role is not Role.COMMITTEE)
"""Who reads a round's every count; the committee is given them where those under five are hidden."""
READS_PROPOSALS = (Role.COORDINATOR, Role.MACHINE)
routes = APIRouter(tags=["médecin traitant"])


class RoundWithOutcomes(Round):
    """A round with what it decided for each person; for who runs the register."""

    outcomes: list[RoundOutcome]


async def round_desk(connection: HTTPConnection, session: SessionDep, caller: CallerDep) -> RoundDesk:
    """What a round works with."""
    return RoundDesk(session, caller, find_part(connection, Panels), compute_by(find_part(connection, Solver)))


def compute_by(
    solver: Callable[[Callable[[AttachmentRound], Decision], AttachmentRound], Awaitable[Decision]],
) -> Callable[[AttachmentRound], Awaitable[Decision]]:
    """How a round is decided: by the solver, whose failures become `Unsolved`."""

    async def compute(around: AttachmentRound) -> Decision:
        try:
            return await solver(decide, around)
        except UNSOLVED as error:
            raise Unsolved(type(error).__name__) from error

    return compute


RoundDeskDep = Annotated[RoundDesk, Depends(round_desk, scope="function")]


@routes.post("/attachment-rounds", status_code=201, response_model=Round)
async def run_round(form: RoundForm, desk: RoundDeskDep, once: OnceDep) -> JSONResponse:
    """Propose practitioners to those who seek one, by class, then by seniority, then by journey."""
    return await once(lambda: _figures(app.run_round(desk, form)))


@routes.post("/attachment-rounds/preview")
async def preview_round(form: RoundForm, desk: RoundDeskDep) -> RoundPreview:
    """What a round would propose now: nothing is stored, nobody is told."""
    return await app.preview_round(desk, form.cpts_id)


@routes.post("/attachment-rounds/{round_id}/telling", response_model=Round)
async def tell_round(round_id: UUID, caller: CallerDep, session: SessionDep, once: OnceDep) -> JSONResponse:
    """Tell the practitioners of a round that may still be undone."""
    return await once(lambda: _figures(telling.tell_round(session, caller, round_id)), status=200)


@routes.post("/attachment-rounds/{round_id}/undoing", response_model=Round)
async def undo_round(round_id: UUID, caller: CallerDep, session: SessionDep, once: OnceDep) -> JSONResponse:
    """Undo a round that practitioners are not told of: everybody waits again, in their turn."""
    return await once(lambda: _figures(telling.undo_round(session, caller, round_id)), status=200)


async def _figures(row: Awaitable[AttachmentRoundRow]) -> Round:
    return figures(await row)


@routes.get("/attachment-rounds")
async def list_rounds(caller: CallerDep, session: SessionDep, cpts: CptsId) -> list[Round]:
    """The last rounds of a CPTS, the newest first."""
    caller.require(*READS_ROUNDS)
    caller.require_cpts(cpts)
    return await rounds_of(session, cpts)


@routes.get("/attachment-rounds/{round_id}")
async def read_round(round_id: UUID, caller: CallerDep, session: SessionDep) -> RoundWithOutcomes:
    """A round: whom it served by class and commune, and what it decided for each person."""
    caller.require(*READS_ROUNDS)
    found = figures(await round_row(session, round_id))
    lines = await outcomes_of(session, round_id) if caller.role in READS_PROPOSALS else []
    return RoundWithOutcomes(**found.model_dump(), outcomes=lines)


@routes.get("/attachment-parameters/{cpts_id}")
async def read_settings(caller: CallerDep, session: SessionDep, cpts_id: CptsId) -> AttachmentSettings:
    """Classes, delays and distances of a CPTS's rounds."""
    caller.require_cpts(cpts_id)
    return await attachment_settings(session, cpts_id)


@routes.put("/attachment-parameters/{cpts_id}")
async def write_settings(
    caller: CallerDep, session: SessionDep, cpts_id: CptsId, wanted: AttachmentSettings
) -> AttachmentSettings:
    """Set them all; what is left out gets its default."""
    return await set_attachment_settings(session, caller, cpts_id, wanted)
