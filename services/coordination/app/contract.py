"""Where a contract stands on a day: what each indicator is at, what it earns, and what is late."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from services.coordination.core.contract import PAID_BY_INDICATORS, AciContract, Mission, MissionDeadline, deadlines
from services.coordination.core.contract_form import read_contract
from services.coordination.core.figures import Figure, reckon
from services.coordination.core.indicators import DatedFigure, Earned, Indicator, earn
from services.coordination.core.terms import AciTerms, read_terms
from services.coordination.core.year import Happened
from services.coordination.reads import WrittenPaper

CONTRACT, TERMS = "contract", "terms"


@dataclass(frozen=True, slots=True)
class IndicatorStanding:
    """An indicator today: its figure, whether from our facts, who gave it, and what it earns in this contract year."""

    indicator: Indicator
    value: Fraction | None
    figure: Figure | None
    given: DatedFigure | None
    by: str
    earned: Earned | None


@dataclass(frozen=True, slots=True)
class MissionStanding:
    """A mission today: its deadlines, its indicators, what they earn and could earn at best (cents)."""

    mission: Mission
    deadline: MissionDeadline | None
    indicators: tuple[IndicatorStanding, ...]

    @property
    def earned_cents(self) -> int:
        """What the indicators earn as they stand."""
        return sum(each.earned.cents for each in self.indicators if each.earned)

    @property
    def envelope_cents(self) -> int:
        """What they could earn at best."""
        return sum(self.mission.parts.get(part, 0) for part in PAID_BY_INDICATORS)


@cache
def read_shipped_terms() -> Mapping[str, Any]:
    """The rows that every installation starts from."""
    return tomllib.loads(files("services.coordination").joinpath("terms.toml").read_text(encoding="utf-8"))


def terms_of(papers: Mapping[str, WrittenPaper]) -> AciTerms:
    """The terms in force in a CPTS: its own once somebody edited them."""
    written = papers.get(TERMS)
    return read_terms(written.body if written else read_shipped_terms())[0]


def value_kind(mission: str, label: str) -> str:
    """The paper that holds a figure somebody gave."""
    return f"value {mission} {label}"


def stand(
    papers: Mapping[str, WrittenPaper], contract: AciContract, happened: Happened, today: date
) -> list[MissionStanding]:
    """Where each mission stands; `happened` is what happened in the contract year of the day."""
    late = {each.mission: each for each in deadlines(contract, terms_of(papers), today)}
    return [
        MissionStanding(
            mission,
            late.get(mission.code),
            tuple(
                stand_at(each, papers.get(value_kind(mission.code, each.label)), happened)
                for each in mission.indicators
            ),
        )
        for mission in contract.missions
    ]


def stand_at(indicator: Indicator, paper: WrittenPaper | None, happened: Happened) -> IndicatorStanding:
    """An indicator as it stands: reckoned if it has a formula, else as it was last given."""
    if indicator.formula:
        figure = reckon("formula", indicator.formula, happened)
        return IndicatorStanding(indicator, figure.value, figure, None, "", earn(indicator, figure.value))
    given = figure_given(paper.body) if paper else None
    value = Fraction(given.value) if given else None
    return IndicatorStanding(indicator, value, None, given, paper.by if paper else "", earn(indicator, value))


def figure_given(body: Mapping[str, Any]) -> DatedFigure:
    """A figure as somebody gave it."""
    return DatedFigure(
        value=Decimal(body["value"]),
        source=body["source"],
        dated=date.fromisoformat(body["dated"]) if body.get("dated") else None,
        numerator=None if body.get("numerator") is None else Decimal(body["numerator"]),
        denominator=None if body.get("denominator") is None else Decimal(body["denominator"]),
    )


def contract_of(papers: Mapping[str, WrittenPaper]) -> AciContract | None:
    """The contract in force; None while nobody wrote one."""
    written = papers.get(CONTRACT)
    return read_contract(written.body, terms_of(papers))[0] if written else None
