"""Frozen dossiers: made in one press, numbered, hashed, never changed; a later one says what differs."""

import hashlib
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from services.coordination.api.asking import READERS, Asked
from services.coordination.app.contract import contract_of, stand
from services.coordination.app.dossier import DossierContent, differences, freeze, read_data, read_dossier
from services.coordination.reads import commune_names, dossier_of, dossiers, last_dossier, name_of, papers
from services.coordination.store.dossiers import add_dossier
from shared.auth import Caller
from shared.db.clock import day_at, zone_at
from shared.http import CallerDep, OnceDep, SessionDep, WiringDep
from shared.http.export import ListName
from shared.outside.asked import CptsId, Day
from shared.refusals import NotFound, Refusal
from shared.wording.labels import Wording, language_of, wording

routes = APIRouter(tags=["dossiers"])


class DossierForm(BaseModel):
    """The days to freeze, both included."""

    model_config = ConfigDict(extra="forbid")

    cpts_id: CptsId
    since: Day
    until: Day


class Difference(BaseModel):
    """One thing that a dossier says otherwise than the one before it of the same days."""

    what: str
    before: Any
    after: Any


class DossierView(BaseModel):
    """A frozen dossier. `sha256`: of its file, in hexadecimal."""

    number: int
    at: datetime
    since: datetime
    until: datetime
    sha256: str
    size: int
    differs: list[Difference]


class DossierBroken(Refusal):
    """Le fichier de ce dossier n'est plus celui qui a été figé : prévenez qui exploite le service."""

    code = "dossier_broken"


@routes.get("/dossiers")
async def list_all(request: Request, caller: CallerDep, session: SessionDep, cpts: CptsId) -> list[DossierView]:
    """The dossiers of a CPTS, the last first."""
    _require(caller, cpts)
    words = wording(language_of(request.cookies))
    return [_view(each, words) for each in await dossiers(session, cpts)]


@routes.post("/dossiers", status_code=201)
async def freeze_one(
    request: Request, form: DossierForm, caller: CallerDep, session: SessionDep, wiring: WiringDep, once: OnceDep
) -> Response:
    """Freeze the dossier of these days as it stands now."""
    _require(caller, form.cpts_id)
    cpts, now = form.cpts_id, wiring.clock.now()

    async def work() -> DossierView:
        asked = Asked(request, caller, session, cpts, form.since, form.until)
        happened, period = await asked.read(), await asked.instants()
        written, zone, words = (
            await papers(session, cpts),
            await zone_at(session, cpts),
            wording(language_of(request.cookies)),
        )
        contract = contract_of(written)
        communes = await commune_names(session, {each.insee for each in happened.requests})
        missions = stand(written, contract, happened, form.until) if contract else []
        name = await name_of(session, cpts) or cpts
        content = DossierContent(cpts, name, form.since, form.until, now, happened, missions, communes)
        data = read_data(content)
        named = ListName(words.say("coordination.dossier.name"), name, day_at(now, zone), zone, words.language)
        frozen = freeze(content, data, words, named)
        before = await last_dossier(session, cpts, period)
        differs = differences(read_dossier(before), data) if before else []
        number = await add_dossier(session, cpts, by=caller.id, at=now, period=period, frozen=frozen, differs=differs)
        (view,) = [each for each in await dossiers(session, cpts) if each["number"] == number]
        return _view(view, words)

    return await once(work)


@routes.get("/dossiers/{number}.zip")
async def take(
    caller: CallerDep, session: SessionDep, cpts: CptsId, number: Annotated[int, Path(ge=1, le=1_000_000)]
) -> Response:
    """The file of a dossier, as it was frozen."""
    _require(caller, cpts)
    found = await dossier_of(session, cpts, number)
    if found is None:
        raise NotFound(field="number", value=number)
    content, sha256 = found
    if hashlib.sha256(content).digest() != sha256:
        raise DossierBroken
    where = {"Content-Disposition": f'attachment; filename="dossier-{cpts}-{number}.zip"', "ETag": f'"{sha256.hex()}"'}
    return Response(content, media_type="application/zip", headers=where)


def _view(row: dict[str, Any], words: Wording) -> DossierView:
    """A dossier; its figures are called as on the page."""
    differs = [
        {**each, "what": words.texts.get(f"coordination.figure.{each['what']}", each["what"])}
        for each in row["differs"]
    ]
    return DossierView(**{**row, "differs": differs})


def _require(caller: Caller, cpts_id: str) -> None:
    caller.require(*READERS)
    caller.require_cpts(cpts_id)
