"""Every list of the page as a file."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from services.coordination.api.asking import READERS, AskedDep
from services.coordination.api.contract import read as read_contract_view
from services.coordination.api.figures import figures, table
from services.coordination.app.rows import FACTS, contract_rows, figure_rows, list_rows, table_rows
from services.coordination.core.formula import LONGEST
from services.coordination.core.measures import MEASURES
from services.coordination.reads import commune_names, name_of
from shared.http import CallerDep, SessionDep, WiringDep
from shared.http.export import FileKind, as_file, name_list
from shared.outside.asked import LINE
from shared.refusals import NotFound
from shared.wording.labels import language_of, wording

routes = APIRouter(tags=["exports"])
CONTRACT_COLUMNS = ("mission", "indicator", "value", "source", "dated", "earned", "weight")
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
    indicators = (
        {
            "mission": mission.code,
            "indicator": each.label,
            "value": each.value,
            "source": FACTS if each.formula else each.source,
            "dated": each.dated,
            "earned": each.earned_eur,
            "weight": each.weight_eur,
        }
        for mission in view.missions
        for each in mission.indicators
    )
    rows = contract_rows(indicators, CONTRACT_COLUMNS, words)
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
        few = words.say("year.few")
        rows = figure_rows(
            (
                [each.label, few if each.hidden else each.value, each.numerator, each.denominator, each.formula]
                for each in await figures(request, asked)
            ),
            words,
        )
    elif name == "table":
        found = await table(asked)
        rows = table_rows(found.rows, found.counts, await commune_names(session, found.rows), words)
    else:
        asked.caller.require(*READERS)
        if formula not in MEASURES:
            raise NotFound(field="formula", value=formula, rule="GET /names")
        rows = list_rows(formula, await asked.read())
    return as_file(named, kind, rows)
