"""Every list of the page as a file."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from services.coordination.api.asking import READERS, AskedDep
from services.coordination.api.contract import read as read_contract_view
from services.coordination.api.figures import CountTable, FigureView, figures, table
from services.coordination.app.dossier import list_rows
from services.coordination.core.formula import LONGEST
from services.coordination.core.measures import MEASURES
from services.coordination.reads import commune_names, name_of
from shared.http import CallerDep, SessionDep, WiringDep
from shared.http.export import Cell, FileKind, as_file, name_list
from shared.outside.asked import LINE
from shared.refusals import NotFound
from shared.wording.labels import Wording, language_of, wording

routes = APIRouter(tags=["exports"])
ListOf = Literal["figures", "table", "behind"]


@routes.get("/exports/contract.{kind}")
async def export_contract(
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    wiring: WiringDep,
    kind: FileKind,
    cpts: Annotated[str, Query(max_length=20), LINE],
) -> Response:
    """The indicators of the contract as they stand."""
    view = await read_contract_view(request, caller, session, wiring, cpts)
    words = wording(language_of(request.cookies))
    columns = ("mission", "indicator", "value", "source", "dated", "earned", "weight")
    rows: list[list[Cell]] = [[words.say(f"coordination.column.{each}") for each in columns]]
    rows += [
        [
            words.label("mission", mission.code),
            each.label,
            each.value,
            words.say("coordination.our_facts") if each.formula else each.source,
            each.dated,
            each.earned_eur,
            each.weight_eur,
        ]
        for mission in view.missions
        for each in mission.indicators
    ]
    return as_file(await name_list(session, words, "contract", cpts, await name_of(session, cpts)), kind, rows)


@routes.get("/exports/{name}.{kind}")
async def export(
    request: Request,
    asked: AskedDep,
    session: SessionDep,
    name: Annotated[ListOf, Path()],
    kind: FileKind,
    formula: Annotated[str, Query(max_length=LONGEST), LINE] = "",
) -> Response:
    """A list of a period as a file, as its reader sees it; `formula` is a name, for the list behind it."""
    words = wording(language_of(request.cookies))
    named = await name_list(session, words, name, asked.cpts_id, await name_of(session, asked.cpts_id))
    if name == "figures":
        rows = _figure_rows(await figures(request, asked), words)
    elif name == "table":
        found = await table(asked)
        rows = _table_rows(found, await commune_names(session, found.rows), words)
    else:
        asked.caller.require(*READERS)
        if formula not in MEASURES:
            raise NotFound(field="formula", value=formula, rule="GET /names")
        rows = list_rows(formula, await asked.read())
    return as_file(named, kind, rows)


def _figure_rows(found: list[FigureView], words: Wording) -> list[list[Cell]]:
    few = words.say("year.few")
    head: list[Cell] = [
        words.say(f"coordination.column.{each}") for each in ("figure", "value", "above", "below", "formula")
    ]
    return [head] + [
        [each.label, few if each.hidden else each.value, each.numerator, each.denominator, each.formula]
        for each in found
    ]


def _table_rows(found: CountTable, communes: Mapping[str, str], words: Wording) -> list[list[Cell]]:
    few, total = words.say("year.few"), words.say("coordination.column.total")
    head: list[Cell] = [words.say("coordination.column.commune"), *(f"P{n}" for n in found.columns), total]
    names = [*(communes.get(each, each) for each in found.rows), total] if found.rows else []
    return [head] + [
        [name, *(few if count is None else count for count in row)]
        for name, row in zip(names, found.counts, strict=False)
    ]
