"""What a day under a policy came to, once the judge has let its plan through."""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from services.matching.engine.ahead.policies import Policy
from services.matching.engine.model import Assignment, Instance, Plan, Request
from services.matching.engine.sameday.judge import faults
from services.matching.engine.sameday.second_look import reasons
from services.matching.engine.sameday.solve import explain_unmatched, pair_costs
from services.matching.engine.sameday.table import Table
from services.matching.lab.days.day import Day
from services.matching.lab.life import NONE, Life
from services.matching.lab.pairs import Pairs, servable

Ints = npt.NDArray[np.int64]
Four = tuple[int, int, int, int]
DAY_S = 86_400


class PlanRefused(AssertionError):
    """The judge found a fault in what a policy did: the run stops here, no figure is made of it."""


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """The figures of one day under one policy; four values are by class, sums are in seconds over the people served.

    `unserved` counts who asked and got nothing, `hopeless` those among all whom no slot of the day could serve.
    `told_after_s` runs from the request to the first slot told, `delay_s` from the request to the start of the slot.
    `within_24_h` counts whose slot begins at most 24 h after they asked.
    """

    policy: str
    asked: Four
    unserved: Four
    hopeless: Four
    travel_s: Four
    delay_s: Four
    within_24_h: Four
    told_after_s: Four
    gini_milli: int
    moved: int
    dropped: int
    refused: int
    cancelled: int
    absent: int
    given_back: int = 0


def outcome_of(policy: Policy, day: Day, pairs: Pairs, life: Life) -> DayOutcome:
    """Judge the day lived, then count. Raises PlanRefused with the faults found."""
    judge_tellings(day, life)
    instance, rows, plan = plan_of(day, life)
    found = faults(instance, plan)
    if found:
        raise PlanRefused(f"{policy.name}, {day.name}: {found[:5]}")
    served = np.flatnonzero((life.told != NONE) | life.gone)
    held = np.flatnonzero(life.told != NONE)
    travel = np.zeros(len(day.requests), np.int64)
    for one in plan.assignments:
        travel[rows[one.request]] = one.cost.travel_s
    delay = np.zeros(len(day.requests), np.int64)
    delay[held] = pairs.starts_at_s[life.told[held]] - pairs.submitted_at_s[held]
    soon = np.zeros(len(day.requests), np.int64)
    soon[held] = delay[held] <= DAY_S
    waited = np.where(life.told_at_s > 0, life.told_at_s - pairs.submitted_at_s, 0)
    lost = np.ones(len(day.requests), np.bool_)
    lost[served] = False
    absent = {one.request for one in day.mishaps if one.no_show}
    return DayOutcome(
        policy=policy.name,
        asked=_by_class(pairs, np.ones(len(day.requests), np.int64)),
        unserved=_by_class(pairs, lost.astype(np.int64)),
        hopeless=_by_class(pairs, (~servable(pairs)).astype(np.int64)),
        travel_s=_by_class(pairs, travel),
        delay_s=_by_class(pairs, delay),
        within_24_h=_by_class(pairs, soon),
        told_after_s=_by_class(pairs, waited),
        gini_milli=gini_milli(_loads(day, life)),
        moved=life.moved,
        dropped=life.dropped,
        refused=sum(not one.accepted for one in life.log),
        cancelled=int(life.gone.sum()),
        absent=sum(one.request in absent for one in plan.assignments),
        given_back=life.given_back,
    )


def judge_tellings(day: Day, life: Life) -> None:
    """Check each thing told at the instant it was told: asked, published, not withdrawn, and allowed by every rule."""
    withdrawn = dict(day.withdrawn)
    for told in life.log:
        request, slot = day.requests[told.request], day.slots[told.slot]
        known = request.submitted_at_s <= told.at_s and day.published_at_s[told.slot] <= told.at_s
        gone = withdrawn.get(slot.id, told.at_s + 1) <= told.at_s
        own = tuple(one for one in day.practitioners if one.id == slot.practitioner)
        then = Instance(told.at_s, (request,), (slot,), own, day.parameters)
        if not known or gone or reasons(then, request, slot):
            raise PlanRefused(f"{day.name}: {request.id} told {slot.id} at {told.at_s}")


def plan_of(day: Day, life: Life) -> tuple[Instance, dict[str, int], Plan]:
    """The day as one instance and one plan: those who cancelled in time and the slots withdrawn are no part of it.

    A day has no ledger of four weeks and its policies do not share the load, so it is judged without that cost.
    """
    refused: dict[int, set[str]] = {}
    for told in life.log:
        if not told.accepted:
            refused.setdefault(told.request, set()).add(day.slots[told.slot].practitioner)
    kept = [row for row in range(len(day.requests)) if not (life.gone[row] and life.told[row] == NONE)]
    requests = tuple(_refusing(day.requests[row], refused.get(row, set())) for row in kept)
    gone = {slot for slot, _ in day.withdrawn}
    columns = [column for column, slot in enumerate(day.slots) if slot.id not in gone]
    position = {column: n for n, column in enumerate(columns)}
    unshared = replace(day.parameters, fairness_beta_s=0)
    slots = tuple(day.slots[column] for column in columns)
    instance = replace(day.instance, requests=requests, slots=slots, parameters=unshared)
    chosen = np.array([position.get(int(life.told[row]), NONE) for row in kept], np.int64)
    table = Table(instance)
    served = np.flatnonzero(chosen >= 0)
    assignments = tuple(
        Assignment(requests[n].id, instance.slots[chosen[n]].id, cost)
        for n, cost in zip(served, pair_costs(table, served, chosen[served]), strict=True)
    )
    left = tuple(explain_unmatched(table, chosen, int(n)) for n in np.flatnonzero(chosen < 0))
    cost = sum(one.cost.total for one in assignments)
    return instance, {day.requests[row].id: row for row in kept}, Plan(assignments, left, certified=False, cost=cost)


def gini_milli(loads: Ints) -> int:
    """The Gini coefficient of the loads, in thousandths: 0 when all are equal."""
    if not loads.sum():
        return 0
    ordered = np.sort(loads)
    rank = np.arange(1, ordered.size + 1)
    return round(1000 * float((2 * rank - ordered.size - 1) @ ordered) / (ordered.size * float(ordered.sum())))


def add_outcomes(outcomes: list[DayOutcome]) -> DayOutcome:
    """The sum of several days under one policy; the Gini is their mean."""
    total = {field.name: _sum([getattr(one, field.name) for one in outcomes]) for field in fields(DayOutcome)[1:]}
    total["gini_milli"] = round(sum(one.gini_milli for one in outcomes) / len(outcomes))
    return DayOutcome(policy=outcomes[0].policy, **total)  # type: ignore[arg-type]


def _sum(values: list[int] | list[Four]) -> object:
    if isinstance(values[0], tuple):
        return tuple(sum(column) for column in zip(*values, strict=True))
    return sum(values)


def _refusing(request: Request, practitioners: set[str]) -> Request:
    return replace(request, forbidden=request.forbidden | practitioners) if practitioners else request


def _by_class(pairs: Pairs, values: Ints) -> Four:
    sums = np.bincount(pairs.rank, weights=values, minlength=4).astype(np.int64)
    return int(sums[0]), int(sums[1]), int(sums[2]), int(sums[3])


def _loads(day: Day, life: Life) -> Ints:
    """People served by each practitioner who offers a slot."""
    names = {name: n for n, name in enumerate(dict.fromkeys(slot.practitioner for slot in day.slots))}
    gps = np.array([names[day.slots[column].practitioner] for column in life.told[life.told != NONE]], np.int64)
    return np.bincount(gps, minlength=len(names)).astype(np.int64)
