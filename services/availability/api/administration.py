"""What the administration page asks of this service: whose communes, which agendas are followed; as files too."""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.availability.reads.administration import Claims, FollowedAgenda, claims, read_followed_agendas
from services.availability.tables import CptsRow
from shared.auth import Role
from shared.db import Scope, set_scope
from shared.http import CallerDep, SessionDep
from shared.http.export import Cell, FileKind, as_file, name_list
from shared.outside.asked import CptsId
from shared.wording.labels import language_of, wording

EVERYWHERE = Scope(frozenset({"*"}))
routes = APIRouter(prefix="/administration", tags=["administration"])


@routes.get("/communes")
async def read_claims(caller: CallerDep, session: SessionDep, cpts: CptsId) -> Claims:
    """The communes of a CPTS, those that another claims too, and those of nobody in its départements."""
    caller.require(Role.ADMIN)
    caller.require_cpts(cpts)
    await set_scope(session, EVERYWHERE)
    return await claims(session, cpts)


@routes.get("/agendas")
async def read_agendas(caller: CallerDep, session: SessionDep, cpts: CptsId) -> list[FollowedAgenda]:
    """The agendas followed in a CPTS, the troubled ones first."""
    caller.require(Role.ADMIN)
    caller.require_cpts(cpts)
    return await read_followed_agendas(session, cpts)


@routes.get("/exports/{name}.{kind}")
async def export(
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    name: Literal["territory", "feeds"],
    kind: FileKind,
    cpts: CptsId,
) -> Response:
    """One of these lists as a file."""
    words = wording(language_of(request.cookies))
    columns: tuple[str, ...] = ("practitioner", "read_at", "error")
    rows: list[list[Cell]]
    if name == "feeds":
        rows = [[each.who, each.read_at, each.error] for each in await read_agendas(caller, session, cpts)]
    else:
        columns = ("commune", "state")
        found = await read_claims(caller, session, cpts)
        rows = [[each.name, words.say(f"admin.spot.{each.kind}")] for each in found.communes]
    named = await name_list(session, words, name, cpts, (await session.get_one(CptsRow, cpts)).name)
    return as_file(named, kind, [[words.say(f"export.{column}") for column in columns], *rows])
