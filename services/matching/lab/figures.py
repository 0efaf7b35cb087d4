"""From outcomes to figures: shares, means, and differences between policies on the same days with standard errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from services.matching.lab.outcome import DayOutcome, add_outcomes


@dataclass(frozen=True, slots=True)
class Paired:
    """The mean of a difference over days, its standard error (None for one day), on how many days it was below zero."""

    mean: float
    standard_error: float | None
    days_below: int
    days: int


@dataclass(frozen=True, slots=True)
class PolicyFigures:
    """A policy over some days. Shares in % of those who asked, times in minutes per person served."""

    policy: str
    days: int
    unserved_by_class: tuple[float, float, float, float]
    unserved_urgent: float
    """P1 and P2 together."""
    unserved: float
    hopeless: float
    """Whom no slot of the day could serve, included in `unserved` whatever the policy."""
    travel_min: float
    delay_min: float
    told_after_min: tuple[float, float, float, float]
    moved: float
    """% of those served who were moved after being told."""
    dropped: int
    """Told, then lost because the practitioner took the slot back; the policy drops nobody."""
    gini: float
    errors: "Errors | None" = None
    """None for one day, whose error nobody can know."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Standard errors over the days, in the units of the figures of the same name."""

    unserved_by_class: tuple[float, float, float, float]
    unserved_urgent: float
    unserved: float
    travel_min: float


def figures(outcomes: Sequence[DayOutcome]) -> PolicyFigures:
    """The figures of one policy over its days, pooled."""
    total = add_outcomes(list(outcomes))
    asked, left = np.array(total.asked), np.array(total.unserved)
    served = np.maximum(asked - left, 1)
    by_class = 100 * left / np.maximum(asked, 1)
    told = np.array(total.told_after_s) / served / 60
    return PolicyFigures(
        policy=total.policy,
        days=len(outcomes),
        unserved_by_class=(float(by_class[0]), float(by_class[1]), float(by_class[2]), float(by_class[3])),
        unserved_urgent=urgent(total),
        unserved=everybody(total),
        hopeless=float(100 * sum(total.hopeless) / max(1, sum(total.asked))),
        travel_min=travel(total),
        delay_min=float(sum(total.delay_s) / served.sum() / 60),
        told_after_min=(float(told[0]), float(told[1]), float(told[2]), float(told[3])),
        moved=float(100 * total.moved / served.sum()),
        dropped=total.dropped,
        gini=total.gini_milli / 1000,
        errors=_errors(outcomes) if len(outcomes) > 1 else None,
    )


def _errors(outcomes: Sequence[DayOutcome]) -> Errors:
    p1, p2, p3, p4 = (_error(outcomes, partial(of_class, rank)) for rank in range(4))
    return Errors((p1, p2, p3, p4), _error(outcomes, urgent), _error(outcomes, everybody), _error(outcomes, travel))


def _error(outcomes: Sequence[DayOutcome], measure: Callable[[DayOutcome], float]) -> float:
    """The standard error of the mean of a measure over days."""
    values = np.array([measure(one) for one in outcomes])
    return float(values.std(ddof=1) / np.sqrt(values.size))


def of_class(rank: int, one: DayOutcome) -> float:
    """Those of one class unserved, in %; rank 0 is P1."""
    return 100 * one.unserved[rank] / max(1, one.asked[rank])


def urgent(one: DayOutcome) -> float:
    """P1 and P2 unserved, in %."""
    return 100 * sum(one.unserved[:2]) / max(1, sum(one.asked[:2]))


def everybody(one: DayOutcome) -> float:
    """All unserved, in %."""
    return 100 * sum(one.unserved) / max(1, sum(one.asked))


def travel(one: DayOutcome) -> float:
    """Minutes of travel per person served."""
    return sum(one.travel_s) / max(1, sum(one.asked) - sum(one.unserved)) / 60


def pair(measure: Callable[[DayOutcome], float], ours: Sequence[DayOutcome], theirs: Sequence[DayOutcome]) -> Paired:
    """The difference of a measure between two policies on the same days, in order."""
    gap = np.array([measure(a) - measure(b) for a, b in zip(ours, theirs, strict=True)])
    error = float(gap.std(ddof=1) / np.sqrt(gap.size)) if gap.size > 1 else None
    return Paired(float(gap.mean()), error, int((gap < 0).sum()), int(gap.size))
