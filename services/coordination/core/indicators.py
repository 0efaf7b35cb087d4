"""The indicators of a contract in their four shapes: what they must be, and what a figure earns.

Steps pay the sum of the best threshold reached; a target pays its weight or nothing; a count pays its weight from its
target on, or so much for each, up to its weight; a deliverable pays its weight when it is done.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from services.coordination.core.broken import Broken, euros

Amountable = Decimal | Fraction | int


class Goal(StrEnum):
    """The shape of an indicator."""

    STEPS = "steps"
    TARGET = "target"
    COUNT = "count"
    DELIVERABLE = "deliverable"


class Direction(StrEnum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"


class Part(StrEnum):
    """A part of what a mission pays."""

    FIXED = "fixed"
    VARIABLE = "variable"
    CRISIS_ONLY = "crisis_only"
    MAXIMUM = "maximum"


@dataclass(frozen=True, slots=True)
class Threshold:
    """From this figure on, this sum."""

    at: Decimal
    cents: int


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator of a mission, as the contract writes it. `stated_gap`: the difference it says, if it does.

    `weight_cents`: what it pays at best, from `part` of its mission. Period: first and last day, both included.
    """

    label: str
    goal: Goal
    weight_cents: int
    direction: Direction | None = None
    baseline: Decimal | None = None
    target: Decimal | None = None
    stated_gap: Decimal | None = None
    steps: tuple[Threshold, ...] = ()
    each_cents: int | None = None
    part: Part = Part.VARIABLE
    value_from: str = ""
    formula: str = ""
    """What is reckoned from our own facts; empty: the figure is given."""
    proofs: tuple[str, ...] = ()
    period: tuple[date, date] | None = None

    @property
    def ordered(self) -> list[Threshold]:
        """The thresholds from the easiest to the hardest."""
        return sorted(self.steps, key=lambda step: step.at, reverse=self.direction is Direction.DOWN)


@dataclass(frozen=True, slots=True)
class Earned:
    """What a figure earns, the threshold it reached, and the next one."""

    cents: int
    reached: Threshold | None
    following: Threshold | None


@dataclass(frozen=True, slots=True)
class DatedFigure:
    """A figure of an indicator: where it comes from and of which day it is."""

    value: Amountable
    source: str
    dated: date | None
    numerator: Amountable | None = None
    denominator: Amountable | None = None
    period: tuple[date, date] | None = None


def check_indicator(indicator: Indicator) -> Iterator[Broken]:
    """The rules that an indicator breaks by itself."""
    if not indicator.label.strip():
        yield Broken("label", "missing")
    if indicator.weight_cents < 0:
        yield Broken("weight", "not_an_amount", {"found": euros(indicator.weight_cents)})
    if indicator.goal in (Goal.STEPS, Goal.TARGET) and indicator.direction is None:
        yield Broken("direction", "direction_missing", {"label": indicator.label})
    if indicator.goal is Goal.STEPS:
        yield from _check_steps(indicator)
    if indicator.goal is Goal.TARGET and indicator.target is None:
        yield Broken("target", "target_missing", {"label": indicator.label})
    yield from _check_gap(indicator)


def check_figure(figure: DatedFigure) -> Iterator[Broken]:
    """The rules that a figure breaks: it has a source and a day, and is the percentage of its two counts."""
    if not figure.source.strip():
        yield Broken("source", "source_missing")
    if figure.dated is None:
        yield Broken("dated", "date_missing")
    elif figure.period and figure.dated < figure.period[0]:
        yield Broken("dated", "dated_before", {"dated": figure.dated, "since": figure.period[0]})
    if figure.numerator is None or figure.denominator is None:
        return
    if figure.denominator == 0:
        yield Broken("denominator", "nothing_to_divide_by")
        return
    share = 100 * Fraction(figure.numerator) / Fraction(figure.denominator)
    if abs(share - Fraction(figure.value)) > _rounding(figure.value):
        values = {"value": figure.value, "numerator": figure.numerator, "denominator": figure.denominator}
        yield Broken("value", "not_the_share", {**values, "share": share})


def earn(indicator: Indicator, value: Amountable | None) -> Earned | None:
    """What a figure earns (of a deliverable: 1 when it is done); None when there is no figure yet."""
    if value is None:
        return None
    if indicator.each_cents is not None:
        return Earned(min(indicator.weight_cents, max(0, int(value * indicator.each_cents))), None, None)
    steps = _ways_to_earn(indicator)
    reached = [step for step in steps if _reaches(indicator, Fraction(value), Fraction(step.at))]
    missed = [step for step in steps if step not in reached]
    best = max(reached, key=lambda step: step.cents, default=None)
    return Earned(best.cents if best else 0, best, missed[0] if missed else None)


def _rounding(value: Amountable) -> Fraction:
    """How far a figure written with so many decimals may be from the exact one."""
    if isinstance(value, Fraction):
        return Fraction(0)
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    return Fraction(10) ** int(exponent) / 2


def _ways_to_earn(indicator: Indicator) -> Sequence[Threshold]:
    if indicator.goal is Goal.STEPS:
        return indicator.ordered
    wanted = indicator.target if indicator.goal in (Goal.TARGET, Goal.COUNT) else None
    return [Threshold(Decimal(1) if wanted is None else wanted, indicator.weight_cents)]


def _reaches(indicator: Indicator, value: Fraction, wanted: Fraction) -> bool:
    return value <= wanted if indicator.direction is Direction.DOWN else value >= wanted


def _check_steps(indicator: Indicator) -> Iterator[Broken]:
    steps = indicator.ordered
    if not steps:
        yield Broken("steps", "steps_missing", {"label": indicator.label})
        return
    for easier, harder in pairwise(steps):
        values = {"easier": easier.at, "harder": harder.at, "low": euros(easier.cents), "high": euros(harder.cents)}
        if easier.at == harder.at:
            yield Broken("steps", "step_twice", values)
        elif harder.cents <= easier.cents:
            yield Broken("steps", "steps_order", values)
    if steps[-1].cents != indicator.weight_cents:
        values = {"best": euros(steps[-1].cents), "weight": euros(indicator.weight_cents)}
        yield Broken("steps", "steps_weight", values)
    if indicator.baseline is not None and not _beyond(indicator, steps[0].at):
        yield Broken("steps", "step_behind", {"baseline": indicator.baseline, "found": steps[0].at})


def _check_gap(indicator: Indicator) -> Iterator[Broken]:
    baseline, target, gap = indicator.baseline, indicator.target, indicator.stated_gap
    if baseline is None or target is None:
        return
    if gap is not None and baseline + gap != target:
        values = {"baseline": baseline, "gap": abs(gap), "sign": "-" if gap < 0 else "+"}
        yield Broken(
            "target", "gap", {**values, "target": target, "right": baseline + gap, "right_gap": target - baseline}
        )
    if not _beyond(indicator, target):
        yield Broken("target", "step_behind", {"baseline": baseline, "found": target})


def _beyond(indicator: Indicator, wanted: Decimal) -> bool:
    """Whether a threshold asks for at least what there was at the start."""
    start = indicator.baseline
    if start is None or indicator.direction is None:
        return True
    return wanted <= start if indicator.direction is Direction.DOWN else wanted >= start
