"""The administration's lists of what availability keeps, as files: whose communes, which agendas are followed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.matching.web.admin import feeds, territory
from shared.auth import Role
from shared.export import Cell, Kind, as_file
from shared.http import CallerDep
from shared.web.pages import PageDep

routes = APIRouter(include_in_schema=False)


@routes.get("/admin/exports/{name}.{kind}")
async def export(
    request: Request,
    page: PageDep,
    caller: CallerDep,
    name: Literal["territory", "feeds"],
    kind: Kind,
    cpts: Annotated[str, Query(max_length=20)],
) -> Response:
    """A list as a file."""
    caller.require(Role.ADMIN)
    caller.require_cpts(cpts)
    columns: tuple[str, ...] = ("practitioner", "read_at", "error")
    rows: list[list[Cell]] = []
    if name == "feeds":
        rows = [[each.who, each.read_at, each.error] for each in await feeds(request, caller)]
    else:
        columns = ("commune", "state")
        found = await territory(request, cpts)
        rows = [[each.name, page.words.say(f"admin.spot.{each.kind}")] for each in found.spots]
    return as_file(name, kind, [[page.words.say(f"export.{column}") for column in columns], *rows])
