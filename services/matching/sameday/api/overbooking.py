"""Asking practitioners for one more patient: whom, asking, their answers."""

from collections.abc import Awaitable, Mapping
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

from services.matching.sameday.api.requests import DeskDep
from services.matching.sameday.app import asking
from services.matching.sameday.app import overbooking as app
from services.matching.sameday.app.hand.tending import Desk
from services.matching.sameday.app.intake import Form
from services.matching.sameday.app.parameters import parameters_of
from services.matching.sameday.edges.following import Territories
from services.matching.sameday.store.overbooking_asks import OverbookingAskRow, asks_of, view_of_ask
from services.matching.sameday.store.tables import RequestRow
from services.matching.sameday.view import ask_view
from shared.auth import Caller
from shared.contracts.overbooking import OverbookingAskView
from shared.http import OnceDep
from shared.http.parts import find_part
from shared.live.seen import narrow
from shared.outside.asked import Instant
from shared.refusals import Invalid

routes = APIRouter(tags=["surnuméraires"])


class AskForm(Form):
    """Whom to ask, three at most; left out: the three who suit best."""

    practitioner_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=app.AT_ONCE)


class YesForm(Form):
    """When and where the practitioner takes the patient on top."""

    starts_at: Instant
    place_id: UUID
    minutes: int = Field(default=15, ge=5, le=120)


class NoForm(Form):
    """Why not, from a short list."""

    reason: Literal["not_today", "full", "away", "other"] = "not_today"


class CandidateView(BaseModel):
    """Who may be asked, where they work these days, how far it is, and how many they take on top this week."""

    practitioner_id: str
    place_id: str
    travel_s: int
    on_top_this_week: int


class Asks(BaseModel):
    """What was asked for a request, and who may still be asked, the best first."""

    asks: list[OverbookingAskView]
    candidates: list[CandidateView] = []


def territories_of(connection: HTTPConnection) -> Territories:
    """What is known of the slots."""
    return find_part(connection, Territories)


TerritoriesDep = Annotated[Territories, Depends(territories_of)]


@routes.get("/requests/{request_id}/overbooking-asks")
async def read_asks(request_id: UUID, desk: DeskDep, territories: TerritoriesDep) -> Asks:
    """What was asked for a request, and who may still be asked."""
    row = await asking.acting_on(desk.session, desk.caller, request_id)
    asked = await asks_of(desk.session, request_id)
    return Asks(
        asks=[view_of_ask(each) for each in asked],
        candidates=await _candidates(desk, row, territories, {str(each.practitioner_id) for each in asked}),
    )


@routes.post("/requests/{request_id}/overbooking-asks", status_code=201, response_model=Asks)
async def ask(
    request_id: UUID, form: AskForm, desk: DeskDep, territories: TerritoriesDep, once: OnceDep
) -> JSONResponse:
    """Ask up to three practitioners for one more patient."""

    async def use_case() -> Asks:
        row = await asking.acting_on(desk.session, desk.caller, request_id)
        if form.practitioner_ids is None:
            chosen = await _find_suited(desk, row, territories)
        else:
            chosen = form.practitioner_ids
            _require_askable(row, chosen, territories[row.cpts_id].items("practitioners"))
        return Asks(asks=[view_of_ask(each) for each in await app.ask(desk, request_id, chosen)])

    return await once(use_case)


@routes.post("/overbooking-asks/{ask_id}/acceptance", response_model=OverbookingAskView)
async def accept(ask_id: UUID, form: YesForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Yes, at this time: the slot is opened on top and held for the request."""
    answer = app.Yes(form.place_id, form.starts_at, form.minutes)
    return await once(lambda: _view(desk.caller, app.accept(desk, ask_id, answer)), status=200)


@routes.post("/overbooking-asks/{ask_id}/refusal", response_model=OverbookingAskView)
async def decline(ask_id: UUID, form: NoForm, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Not today."""
    return await once(lambda: _view(desk.caller, app.decline(desk, ask_id, form.reason)), status=200)


@routes.post("/overbooking-asks/{ask_id}/withdrawal", response_model=OverbookingAskView)
async def withdraw(ask_id: UUID, desk: DeskDep, once: OnceDep) -> JSONResponse:
    """Take an ask back."""
    return await once(lambda: _view(desk.caller, app.withdraw(desk, ask_id)), status=200)


async def _view(caller: Caller, changing: Awaitable[OverbookingAskRow]) -> OverbookingAskView:
    plain = view_of_ask(await changing)
    return narrow(caller, ask_view, plain) or plain


async def _candidates(desk: Desk, row: RequestRow, territories: Territories, but: set[str]) -> list[CandidateView]:
    territory = territories[row.cpts_id]
    live = {name: territory.items(name) for name in ("practitioners", "places", "slots")}
    core = (await parameters_of(desk.session, row.cpts_id)).core
    found = app.candidates(row, live, core)
    return [CandidateView.model_validate(one, from_attributes=True) for one in found if one.practitioner_id not in but]


async def _find_suited(desk: Desk, row: RequestRow, territories: Territories) -> list[UUID]:
    """The best who were not asked yet; raises `Invalid` when there is nobody."""
    asked = await asks_of(desk.session, row.id)
    waiting = sum(each.state == "asked" for each in asked)
    found = await _candidates(desk, row, territories, {str(each.practitioner_id) for each in asked})
    if not found:
        raise Invalid(
            "Aucun praticien à portée ne peut être sollicité : élargissez le trajet.",
            field="practitioner_ids",
            rule="within reach, at work, not asked yet",
        )
    return [UUID(one.practitioner_id) for one in found[: max(1, app.AT_ONCE - waiting)]]


def _require_askable(row: RequestRow, chosen: list[UUID], known: Mapping[str, Mapping[str, object]]) -> None:
    for each in chosen:
        practitioner = known.get(str(each))
        if practitioner is None or not app.may_be_asked(row, practitioner):
            raise Invalid(
                "Ce praticien est en pause, à sa limite de la semaine, d'une autre profession ou déjà écarté.",
                field="practitioner_ids",
                value=each,
                rule="GET the candidates",
            )
