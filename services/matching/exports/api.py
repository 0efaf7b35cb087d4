"""Every list leaves as a file from one address: `/exports/NAME.csv` or `.xlsx`, for whoever sees the list."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from services.matching.doctors.api.rounds import READS_FIGURES, READS_PROPOSALS
from services.matching.exports import administration as export_administration
from services.matching.exports import lists
from services.matching.exports import territory as export_territory
from services.matching.exports.lists import ListAsk, Table
from services.matching.lab.api.foresight import READERS, ForesightDep, WhatIf
from shared.auth import OWN_SLOTS_ONLY, Role
from shared.http import CallerDep, SessionDep
from shared.http.export import FileKind, as_file, name_list
from shared.outside.asked import LINE, CptsId, Insee
from shared.refusals import NotFound
from shared.wording.labels import language_of, wording

ALL = tuple(Role)
LISTS: Mapping[str, tuple[tuple[Role, ...], Callable[[ListAsk], Awaitable[Table]]]] = {
    "board": (READERS, lists.board),
    "mine": (ALL, lists.mine),
    "story": (tuple(role for role in Role if role is not Role.COMMITTEE), lists.story),
    "fairness": (READERS, lists.fairness),
    "free": (READERS, lists.free),
    "communes": (READERS, export_territory.communes),
    "review": ((*READERS, Role.COMMITTEE), export_territory.period),
    "asks": (ALL, export_territory.asks),
    "register": ((*READERS, *OWN_SLOTS_ONLY), lists.register),
    "equity": (READS_FIGURES, export_territory.equity),
    "proposals": (READS_PROPOSALS, lists.proposals),
    "whatif": (READERS, lists.what_if),
    "tomorrow": (READERS, lists.tomorrow),
    "audit": ((Role.ADMIN,), export_administration.audit),
    "words": ((Role.ADMIN,), export_administration.words),
    "members": ((Role.ADMIN,), export_administration.people),
    "settings": ((Role.ADMIN,), export_administration.settings),
    "parameters": ((Role.ADMIN,), export_administration.parameters),
}
"""Each list by name: who may take it, and its rows. `story`, `mine`, `asks` show each reader what they see anyway."""
routes = APIRouter(tags=["exports"])
Some = Annotated[str, Query(max_length=100), LINE]


@routes.get("/exports/{name}.{kind}")
async def export(
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    foresight: ForesightDep,
    name: Annotated[str, Path(max_length=40), LINE],
    kind: FileKind,
    cpts: CptsId,
    of: UUID | None = None,
    slots: Annotated[int, Query(ge=0, le=20)] = 0,
    insee: Insee | None = None,
    demand_percent: Annotated[int, Query(ge=50, le=200)] = 100,
    farther_minutes: Annotated[int, Query(ge=-20, le=60)] = 0,
    days: Annotated[int, Query(ge=1, le=28)] = 7,
    without: UUID | None = None,
    away_from: date | None = None,
    away_until: date | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    compte: Some = "",
    objet: Some = "",
) -> Response:
    """A list as a file; `of` says which request or round it is about, the figures what a replay changes."""
    if name not in LISTS:
        raise NotFound(field="name", value=name, rule=f"one of {', '.join(LISTS)}")
    roles, rows = LISTS[name]
    caller.require(*roles)
    caller.require_cpts(cpts)
    change = WhatIf(
        cpts_id=cpts,
        slots=slots if insee else 0,
        insee=insee,
        demand_percent=demand_percent,
        farther_minutes=farther_minutes,
        days=days,
        without=without,
        away_from=away_from,
        away_until=away_until,
    )
    words = wording(language_of(request.cookies))
    ask = ListAsk(
        request,
        session,
        caller,
        words,
        cpts,
        of,
        change,
        foresight,
        account=compte,
        item=objet,
        since=since,
        until=until,
    )
    named = await name_list(session, words, name, cpts, ask.cpts_name)
    return as_file(named, kind, await rows(ask))
