"""Figures of a period: a formula over our measures, with what it divides and the parts of its territory.

`OURS` are those that every contract asks of a CPTS or that the next one will ask, reckoned without being set up.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from services.coordination.core.formula import Formula, read_formula
from services.coordination.core.measures import MEASURES
from services.coordination.core.year import Happened

CLASSES = (1, 2, 3, 4)
OURS: tuple[tuple[str, str], ...] = (
    ("served_within_48_h_share", "100 * served_within_48_h / requests"),
    ("offered_within_30_min_share", "100 * offered_within_30_min / requests"),
    ("gps_in_sas_share", "100 * general_practitioners_sas / general_practitioners"),
    ("requests", "requests"),
    ("unserved_share", "100 * unserved / requests"),
    ("sas_kept_share", "100 * honoured_sas / (honoured_sas + no_shows_sas)"),
    ("sas_served", "served_sas"),
    ("places_opened", "places_opened"),
    ("places_opened_sas", "places_opened_sas"),
    ("places_remote", "places_remote"),
    ("places_taken_share", "100 * places_taken / places_opened"),
    ("entries", "entries"),
    ("answered_within_30_days_share", "100 * answered_within_30_days / entries"),
    ("answered_within_90_days_share", "100 * answered_within_90_days / entries"),
    ("attached", "attached"),
    ("attached_ald", "attached_ald"),
    ("volunteer_gps", "volunteer_general_practitioners"),
    ("attached_per_gp", "attached / volunteer_general_practitioners"),
)
"""Code and formula. A share is a percentage; the rest are counts, or one count for each of another."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: exact value (None: nothing to divide by), and what was divided by what if it is a share."""

    code: str
    formula: str
    value: Fraction | None
    numerator: Fraction | None = None
    denominator: Fraction | None = None

    @property
    def is_share(self) -> bool:
        """Whether it is a percentage."""
        return self.code.endswith("_share")


def reckon(code: str, text: str, happened: Happened) -> Figure:
    """A figure of what happened; raises `FormulaWrong`."""
    formula = read_formula(text, MEASURES)
    counts = count_names(formula.names, happened)
    if formula.share is None:
        return Figure(code, text, formula.reckon(counts))
    above, below = formula.share
    return Figure(code, text, formula.reckon(counts), above.reckon(counts), below.reckon(counts))


def count_names(names: Iterable[str], happened: Happened) -> dict[str, int]:
    """How many each name counts."""
    measures = {name: MEASURES[name] for name in names}
    return {name: each.count(each.list(happened)) for name, each in measures.items()}


def tabulate(happened: Happened) -> tuple[list[str], list[list[int]]]:
    """Requests by commune (INSEE, in order) and class, without their sums."""
    counted = Counter((each.insee, each.urgency) for each in MEASURES["requests"].list(happened))
    communes = sorted({insee for insee, _ in counted})
    return communes, [[counted[insee, urgency] for urgency in CLASSES] for insee in communes]


def list_behind(formula: Formula, happened: Happened) -> dict[str, Sequence[Any]]:
    """By name, the things that a formula counts."""
    return {name: MEASURES[name].list(happened) for name in formula.names}
