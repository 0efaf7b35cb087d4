"""The contract of a CPTS (ACI): its years, its missions with their sums and indicators, and the rules it must keep.

Its periods are contract years, from an anniversary to the day before the next one, never calendar years.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from services.coordination.core.broken import Broken, euros, under
from services.coordination.core.indicators import Indicator, Part, check_indicator
from services.coordination.core.terms import AciTerms, MissionTerms

PAID_BY_INDICATORS = (Part.VARIABLE, Part.CRISIS_ONLY)
"""Parts that the weights of a mission's indicators share out."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mission:
    """A mission of the contract: since when, what each part pays a year (cents), and its indicators."""

    code: str
    parts: Mapping[Part, int] = field(default_factory=dict)
    indicators: tuple[Indicator, ...] = ()
    started_on: date | None = None
    deployed_on: date | None = None


@dataclass(frozen=True, slots=True)
class AciContract:
    """A contract: first and last day, size and the population it was reckoned from, label set, missions."""

    starts_on: date
    ends_on: date
    size: int
    population: int
    label_set: str
    missions: tuple[Mission, ...] = ()

    def year_of(self, day: date) -> tuple[date, date] | None:
        """The first and last day of the contract year that a day lies in; None outside of the contract."""
        if not self.starts_on <= day <= self.ends_on:
            return None
        since = add_months(self.starts_on, 12 * (day.year - self.starts_on.year))
        if since > day:
            since = add_months(self.starts_on, 12 * (day.year - self.starts_on.year - 1))
        until = add_months(self.starts_on, 12 * (since.year - self.starts_on.year + 1)) - DAY
        return since, min(until, self.ends_on)


class Lateness(StrEnum):
    """What of a mission is late."""

    START = "start"
    DEPLOYMENT = "deployment"


@dataclass(frozen=True, slots=True)
class MissionDeadline:
    """By when a mission must have started and be fully deployed, and what is late today; None: no such deadline."""

    mission: str
    start_by: date | None
    deploy_by: date | None
    late: Lateness | None


def check_contract(contract: AciContract, terms: AciTerms) -> Iterator[Broken]:
    """Every rule that the contract breaks."""
    if contract.ends_on <= contract.starts_on:
        yield Broken("ends_on", "ends_first", {"since": contract.starts_on, "until": contract.ends_on})
    sizes = terms.sizes_of(contract.population, contract.starts_on)
    if sizes and contract.size not in sizes:
        right = " / ".join(map(str, sorted(sizes)))
        yield Broken("size", "size", {"size": contract.size, "population": contract.population, "right": right})
    yield from _check_set(contract, terms)
    for mission in contract.missions:
        yield from under(f"missions.{mission.code}", _check_mission(mission, contract))


def deadlines(contract: AciContract, terms: AciTerms, today: date) -> Iterator[MissionDeadline]:
    """The deadlines of each mission of the contract, counted from its start."""
    known = terms.missions_of(contract.label_set, contract.starts_on)
    for mission in contract.missions:
        if mission.code in known:
            yield _deadline(mission, known[mission.code], contract.starts_on, today)


def add_months(day: date, months: int) -> date:
    """The same day so many months later; the last of a month that has no such day."""
    first = (day.year * 12 + day.month - 1) + months
    year, month = divmod(first, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - DAY).day
    return date(year, month + 1, min(day.day, last))


def _deadline(mission: Mission, row: MissionTerms, since: date, today: date) -> MissionDeadline:
    start_by = None if row.start_months is None else add_months(since, row.start_months)
    deploy_by = None if row.deploy_months is None else add_months(since, row.deploy_months)
    late = None
    if start_by and (mission.started_on or today) > start_by:
        late = Lateness.START
    elif deploy_by and (mission.deployed_on or today) > deploy_by:
        late = Lateness.DEPLOYMENT
    return MissionDeadline(mission.code, start_by, deploy_by, late)


def _check_set(contract: AciContract, terms: AciTerms) -> Iterator[Broken]:
    known = terms.missions_of(contract.label_set, contract.starts_on)
    counted = Counter(mission.code for mission in contract.missions)
    if not known:
        sets = ", ".join(sorted({row.label_set for row in terms.missions}))
        yield Broken("label_set", "label_set_unknown", {"found": contract.label_set, "expected": sets})
        return
    for code, times in counted.items():
        if code not in known:
            yield Broken("missions", "mission_unknown", {"mission": code, "expected": ", ".join(known)})
        if times > 1:
            yield Broken("missions", "mission_twice", {"mission": code})
    for code, row in known.items():
        if row.compulsory and code not in counted:
            yield Broken("missions", "mission_missing", {"mission": code})


def _check_mission(mission: Mission, contract: AciContract) -> Iterator[Broken]:
    if mission.started_on and mission.started_on < contract.starts_on:
        values = {"started": mission.started_on, "since": contract.starts_on}
        yield Broken("started_on", "started_before", values)
    if mission.deployed_on and mission.deployed_on < (mission.started_on or date.max):
        yield Broken("deployed_on", "deployed_unstarted", {"deployed": mission.deployed_on})
    for part in PAID_BY_INDICATORS:
        yield from _check_weights(part, mission)
    for at, indicator in enumerate(mission.indicators):
        yield from under(f"indicators.{at}", _check_one(indicator, contract))


def _check_weights(part: Part, mission: Mission) -> Iterator[Broken]:
    envelope = mission.parts.get(part, 0)
    total = sum(each.weight_cents for each in mission.indicators if each.part is part)
    if total != envelope:
        values = {"total": euros(total), "envelope": euros(envelope), "difference": euros(abs(total - envelope))}
        rule = "weights_above" if total > envelope else "weights_below"
        yield Broken(f"weights.{part}", rule, {**values, "mission": mission.code})


def _check_one(indicator: Indicator, contract: AciContract) -> Iterator[Broken]:
    yield from check_indicator(indicator)
    if indicator.period is None:
        return
    since, until = indicator.period
    year = contract.year_of(since)
    if until < since:
        yield Broken("period", "ends_first", {"since": since, "until": until})
    elif year is None:
        values = {"since": since, "starts": contract.starts_on, "ends": contract.ends_on}
        yield Broken("period", "period_outside_contract", values)
    elif until > year[1]:
        values = {"since": since, "until": until, "first": year[0], "last": year[1]}
        yield Broken("period", "period_outside_year", values)
