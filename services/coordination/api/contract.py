"""The contract: begun, written, where it stands, and figures that others give."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.coordination.api.asking import READERS, Asked
from services.coordination.app.contract import (
    CONTRACT,
    TERMS,
    IndicatorStanding,
    MissionStanding,
    contract_of,
    figure_given,
    read_shipped_terms,
    stand,
    terms_of,
    value_kind,
)
from services.coordination.core.contract_form import draft, read_contract
from services.coordination.core.indicators import check_figure
from services.coordination.core.terms import read_terms
from services.coordination.reads import papers
from services.coordination.refusals import WrittenMeanwhile, refuse_rules
from services.coordination.store.papers import add_paper
from shared.auth import Caller, Role
from shared.db.clock import day_at, zone_at
from shared.http import CallerDep, SessionDep, WiringDep
from shared.outside.asked import LINE, CptsId, Day
from shared.refusals import Invalid, NotFound
from shared.wording.labels import language_of, wording

routes = APIRouter(tags=["contract"])
Line = Annotated[str, Field(min_length=1, max_length=300), LINE]
Number = Annotated[str, Field(max_length=20, pattern=r"^-?[0-9]{1,12}([.,][0-9]{1,4})?$")]
"""A number as people write it, with a comma or a point."""
DEFAULT_SET = "avenant_2"


class ContractForm(BaseModel):
    """A contract to write after the version that its author read."""

    model_config = ConfigDict(extra="forbid")

    cpts_id: CptsId
    after: Annotated[int, Field(ge=0, le=1_000_000)]
    contract: dict[str, Any]


class TermsForm(BaseModel):
    """The rows of the terms, all of them, after the version that was read."""

    model_config = ConfigDict(extra="forbid")

    cpts_id: CptsId
    after: Annotated[int, Field(ge=0, le=1_000_000)]
    terms: dict[str, Any]


class ValueForm(BaseModel):
    """A figure that somebody gives for an indicator: its source and its day are part of it."""

    model_config = ConfigDict(extra="forbid")

    cpts_id: CptsId
    mission: Line
    label: Line
    value: Number
    source: Annotated[str, Field(max_length=300), LINE] = ""
    dated: Day | None = None
    numerator: Number | None = None
    denominator: Number | None = None


class IndicatorView(BaseModel):
    """An indicator as it stands. `earned_eur`: None while there is no figure; `next_at`: the next threshold."""

    label: str
    kind: str
    direction: str | None
    baseline: float | None
    target: float | None
    steps: list[tuple[float, float]]
    weight_eur: float
    formula: str
    value: float | None
    source: str
    dated: date | None
    by: str
    earned_eur: float | None
    next_at: float | None


class MissionView(BaseModel):
    """A mission as it stands."""

    code: str
    parts_eur: dict[str, float]
    start_by: date | None
    deploy_by: date | None
    late: str | None
    earned_eur: float
    envelope_eur: float
    indicators: list[IndicatorView]


class ContractView(BaseModel):
    """The contract as written and as it stands on a day, in its contract year (both days included).

    Version 0: nobody wrote one yet.
    """

    version: int = 0
    contract: dict[str, Any] | None = None
    since: date | None = None
    until: date | None = None
    earned_eur: float = 0
    envelope_eur: float = 0
    missions: list[MissionView] = []


class Written(BaseModel):
    """The version that was written."""

    version: int


@routes.get("/contract")
async def read(
    request: Request, caller: CallerDep, session: SessionDep, wiring: WiringDep, cpts: CptsId, day: Day | None = None
) -> ContractView:
    """Where the contract stands, today or on a day."""
    _require(caller, cpts)
    found = await papers(session, cpts)
    contract = contract_of(found)
    if contract is None:
        return ContractView()
    today = day or day_at(wiring.clock.now(), await zone_at(session, cpts))
    year = contract.year_of(today) or (contract.starts_on, contract.ends_on)
    happened = await Asked(request, caller, session, cpts, *year).read()
    missions = [_mission(each) for each in stand(found, contract, happened, today)]
    return ContractView(
        version=found[CONTRACT].version,
        contract=found[CONTRACT].body,
        since=year[0],
        until=year[1],
        earned_eur=sum(each.earned_eur for each in missions),
        envelope_eur=sum(each.envelope_eur for each in missions),
        missions=missions,
    )


@routes.get("/contract/draft")
async def begin(
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    cpts: CptsId,
    starts_on: Day,
    population: Annotated[int, Query(ge=1, le=10_000_000)],
    label_set: Annotated[str, Query(max_length=40), LINE] = DEFAULT_SET,
) -> dict[str, Any]:
    """A first contract for so many inhabitants, made of the terms: to be corrected, then written."""
    _require(caller, cpts)
    words = wording(language_of(request.cookies))
    terms = terms_of(await papers(session, cpts))
    if not terms.missions_of(label_set, starts_on):
        raise Invalid("Choisissez un jeu de missions qui vaut ce jour-là.", field="label_set", value=label_set)
    remainder = words.say("coordination.remainder")
    return draft(terms, starts_on=starts_on, population=population, label_set=label_set, remainder=remainder)


@routes.put("/contract")
async def write(form: ContractForm, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> Written:
    """Write the contract; refused with every rule that it breaks."""
    _require(caller, form.cpts_id)
    _, broken = read_contract(form.contract, terms_of(await papers(session, form.cpts_id)))
    if broken:
        raise refuse_rules(broken)
    return await add_version(session, wiring, caller, form.cpts_id, CONTRACT, form.contract, form.after)


@routes.put("/contract/values")
async def give(form: ValueForm, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> Written:
    """Give the figure of an indicator, as CPAM or somebody else says it."""
    _require(caller, form.cpts_id)
    found = await papers(session, form.cpts_id)
    contract = contract_of(found)
    known = {
        (mission.code, each.label): each
        for mission in (contract.missions if contract else ())
        for each in mission.indicators
    }
    indicator = known.get((form.mission, form.label))
    if indicator is None:
        raise NotFound("Cet indicateur n'est pas dans le contrat : choisissez-le dans la liste.", field="label")
    if indicator.formula:
        raise Invalid("Cet indicateur se calcule de nos faits : changez sa formule dans le contrat.", field="label")
    body = form.model_dump(mode="json", exclude={"cpts_id"})
    body |= {name: body[name] and body[name].replace(",", ".") for name in ("value", "numerator", "denominator")}
    if broken := list(check_figure(figure_given(body))):
        raise refuse_rules(broken)
    kind = value_kind(form.mission, form.label)
    after = found[kind].version if kind in found else 0
    return await add_version(session, wiring, caller, form.cpts_id, kind, body, after)


@routes.get("/terms")
async def read_rows(caller: CallerDep, session: SessionDep, cpts: CptsId) -> TermsForm:
    """The terms in force: dated rows with their sources; version 0 is what every installation starts from."""
    _require(caller, cpts)
    written = (await papers(session, cpts)).get(TERMS)
    body = written.body if written else dict(read_shipped_terms())
    return TermsForm(cpts_id=cpts, after=written.version if written else 0, terms=body)


@routes.put("/terms")
async def write_rows(form: TermsForm, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> Written:
    """Write the terms anew; refused with every row that breaks a rule."""
    caller.require(Role.ADMIN)
    caller.require_cpts(form.cpts_id)
    _, broken = read_terms(form.terms)
    if broken:
        raise refuse_rules(broken)
    return await add_version(session, wiring, caller, form.cpts_id, TERMS, form.terms, form.after)


def _require(caller: Caller, cpts_id: str) -> None:
    caller.require(*READERS)
    caller.require_cpts(cpts_id)


async def add_version(
    session: AsyncSession, wiring: WiringDep, caller: Caller, cpts_id: str, kind: str, body: dict[str, Any], after: int
) -> Written:
    """Write a version of something after the one that was read; raises `WrittenMeanwhile`."""
    version = await add_paper(session, cpts_id, kind, body, by=caller.id, at=wiring.clock.now(), after=after)
    if version is None:
        raise WrittenMeanwhile
    return Written(version=version)


def _mission(standing: MissionStanding) -> MissionView:
    deadline = standing.deadline
    return MissionView(
        code=standing.mission.code,
        parts_eur={part: cents / 100 for part, cents in standing.mission.parts.items()},
        start_by=deadline.start_by if deadline else None,
        deploy_by=deadline.deploy_by if deadline else None,
        late=deadline.late if deadline else None,
        earned_eur=standing.earned_cents / 100,
        envelope_eur=standing.envelope_cents / 100,
        indicators=[_indicator(each) for each in standing.indicators],
    )


def _indicator(standing: IndicatorStanding) -> IndicatorView:
    each, earned = standing.indicator, standing.earned
    return IndicatorView(
        label=each.label,
        kind=each.goal,
        direction=each.direction,
        baseline=None if each.baseline is None else float(each.baseline),
        target=None if each.target is None else float(each.target),
        steps=[(float(step.at), step.cents / 100) for step in each.ordered],
        weight_eur=each.weight_cents / 100,
        formula=each.formula,
        value=None if standing.value is None else round(float(standing.value), 4),
        source=standing.given.source if standing.given else "",
        dated=standing.given.dated if standing.given else None,
        by=standing.by,
        earned_eur=None if earned is None else earned.cents / 100,
        next_at=float(earned.following.at) if earned and earned.following else None,
    )
