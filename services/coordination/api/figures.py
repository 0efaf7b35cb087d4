"""Figures of a period, the tables they are made of, and the list behind each."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from services.coordination.api.asking import READERS, AskedDep
from services.coordination.core.figures import CLASSES, OURS, Figure, list_behind, reckon, tabulate
from services.coordination.core.formula import LONGEST, FormulaWrong, read_formula
from services.coordination.core.measures import MEASURES
from services.coordination.core.suppression import LEAST, in_fives, tell, with_sums
from services.coordination.core.year import EntryFacts, MemberFacts, RequestFacts, SlotFacts
from services.coordination.refusals import refuse_formula
from shared.http import CallerDep
from shared.outside.asked import LINE
from shared.wording.labels import language_of, wording

routes = APIRouter(tags=["figures"])
Thing = RequestFacts | EntryFacts | SlotFacts | MemberFacts
Text = Annotated[str, Query(min_length=1, max_length=LONGEST), LINE]


class FigureView(BaseModel):
    """A figure: a percentage if `is_share`. None: nothing to divide by, or too few to be told (`hidden`).

    To who may not see small counts, what it is made of is rounded to fives.
    """

    code: str
    label: str
    formula: str
    is_share: bool
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    hidden: bool = False


class NameView(BaseModel):
    """A name that a formula may say."""

    name: str
    said: str


class CountTable(BaseModel):
    """Requests by commune and class with their sums (last row, last column); None: not told."""

    least: int
    rows: list[str]
    columns: list[int]
    counts: list[list[int | None]]


class Behind(BaseModel):
    """What one name counts: the things, without anybody's name."""

    name: str
    said: str
    count: int
    things: list[dict[str, Any]]


@routes.get("/names")
async def names(request: Request, _caller: CallerDep) -> list[NameView]:
    """What formulas are made of."""
    words = wording(language_of(request.cookies))
    return [NameView(name=name, said=words.say(f"coordination.name.{name}")) for name in MEASURES]


@routes.get("/figures")
async def figures(request: Request, asked: AskedDep) -> list[FigureView]:
    """Every figure that is ours, of these days."""
    words, happened = wording(language_of(request.cookies)), await asked.read()
    found = (reckon(code, formula, happened) for code, formula in OURS)
    label = {code: words.say(f"coordination.figure.{code}") for code, _ in OURS}
    return [view_figure(figure, label[figure.code], whole=asked.sees_all) for figure in found]


@routes.get("/figures/formula")
async def figure_of(asked: AskedDep, formula: Text) -> FigureView:
    """A formula of one's own, reckoned for these days."""
    asked.caller.require(*READERS)
    try:
        figure = reckon("formula", formula, await asked.read())
    except FormulaWrong as wrong:
        raise refuse_formula(wrong) from None
    return view_figure(figure, formula, whole=True)


@routes.get("/figures/behind")
async def behind(request: Request, asked: AskedDep, formula: Text) -> list[Behind]:
    """What a formula counts, name by name."""
    asked.caller.require(*READERS)
    try:
        read = read_formula(formula, MEASURES)
    except FormulaWrong as wrong:
        raise refuse_formula(wrong) from None
    words = wording(language_of(request.cookies))
    return [
        Behind(
            name=name,
            said=words.say(f"coordination.name.{name}"),
            count=MEASURES[name].count(things),
            things=[describe(each) for each in things],
        )
        for name, things in list_behind(read, await asked.read()).items()
    ]


@routes.get("/figures/table")
async def table(asked: AskedDep) -> CountTable:
    """Requests by commune and class."""
    rows, counts = tabulate(await asked.read())
    shown: Sequence[Sequence[int | None]] = with_sums(counts) if asked.sees_all else tell(counts)
    return CountTable(
        least=0 if asked.sees_all else LEAST, rows=rows, columns=list(CLASSES), counts=[list(row) for row in shown]
    )


def describe(thing: Thing) -> dict[str, Any]:
    """A thing as its fields: instants, codes and counts."""
    return {name: _plain(value) for name, value in thing._asdict().items()}


def view_figure(figure: Figure, label: str, *, whole: bool) -> FigureView:
    """A figure as it may be told."""
    value, above, below = figure.value, figure.numerator, figure.denominator
    made_of = (value,) if above is None else (above, below)
    hidden = not whole and any(part is not None and 0 < part < LEAST for part in made_of)
    if hidden:
        value = above = below = None
    elif not whole and above is None:
        value = _round(value)
    elif not whole:
        above, below = _round(above), _round(below)
        value = above / below * (100 if figure.is_share else 1) if above is not None and below else value
    return FigureView(
        code=figure.code,
        label=label,
        formula=figure.formula,
        is_share=figure.is_share,
        value=_float(value),
        numerator=_float(above),
        denominator=_float(below),
        hidden=hidden,
    )


def _round(count: Fraction | None) -> Fraction | None:
    return None if count is None else Fraction(in_fives(count))


def _float(number: Fraction | None) -> float | None:
    return None if number is None else round(float(number), 2)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return sorted(value) if isinstance(value, frozenset) else value
