"""Instance in, Plan out: exact class by class, then cheapest, with the reasons. Same instance, same plan."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.model import Assignment, Blocker, Cost, Instance, Plan, Unmatched
from services.matching.engine.sameday.candidates import Arcs
from services.matching.engine.sameday.costs import fairness_of_place, loads
from services.matching.engine.sameday.households import HouseholdPlan, gap_of, search
from services.matching.engine.sameday.order import sort_instance
from services.matching.engine.sameday.round import RoundSolver
from services.matching.engine.sameday.table import Table
from services.matching.engine.travel import Travel

IntArray = npt.NDArray[np.int64]


def solve(instance: Instance, travel: Travel | None = None) -> Plan:
    """The plan that serves the most people rank by rank, then costs least, over every pair the rules allow.

    Ranks: already notified, decided by a person, P1, P2, P3, P4. People are counted, not requests. `certified` says
    that the counts are proved; `gap` is 0 except when more households than the search can finish are in the round.
    Raises `FlowFailed` when the solver does not answer OPTIMAL, `CostsTooLarge` before any overflow.
    """
    decided = decide(instance, travel)
    table, round_, found, chosen = decided.table, decided.round, decided.found, decided.chosen
    proved, gap = gap_of(found)
    assignments = _assignments(table, round_.arcs, chosen)
    return Plan(
        assignments=assignments,
        unmatched=tuple(explain_unmatched(table, chosen, int(row)) for row in np.nonzero(chosen < 0)[0]),
        certified=proved and found.plan.certified,
        cost=sum(assignment.cost.total for assignment in assignments),
        gap=-(-gap // round_.scale),
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """A solved round before it is put into words: `chosen[i]` is the slot of request i, -1 without."""

    table: Table
    round: RoundSolver
    found: HouseholdPlan
    chosen: IntArray


def decide(instance: Instance, travel: Travel | None = None, dearest: int = 0) -> Decided:
    """Solve, as arrays, in the order of content; penalties outweigh a cost of `dearest` too."""
    table = Table(sort_instance(instance), travel)
    round_ = RoundSolver(table, instance.parameters.nearest_k, dearest)
    found = search(round_.relax, round_.sizes)
    chosen = [
        slots[0] if len(slots) == size else -1 for slots, size in zip(found.plan.slots, round_.sizes, strict=True)
    ]
    return Decided(table, round_, found, np.array(chosen, dtype=np.int64))


def _assignments(table: Table, arcs: Arcs, chosen: IntArray) -> tuple[Assignment, ...]:
    rows = np.nonzero(chosen >= 0)[0]
    second = runners_up(arcs, chosen)
    costs = pair_costs(table, rows, chosen[rows])
    fairness = place_costs(table, rows, chosen[rows])
    with_second = rows[second[rows] >= 0]
    second_costs = dict(zip(with_second, pair_costs(table, with_second, second[with_second]), strict=True))
    return tuple(
        Assignment(
            request=table.requests[row].id,
            slot=table.slots[chosen[row]].id,
            cost=_with_fairness(cost, extra),
            runner_up=table.slots[second[row]].id if second[row] >= 0 else "",
            runner_up_cost=second_costs.get(row),
        )
        for row, cost, extra in zip(rows, costs, fairness, strict=True)
    )


def _with_fairness(cost: Cost, fairness: int) -> Cost:
    return Cost(cost.travel_s, cost.wait, cost.continuity, fairness, cost.stability, cost.tele_s)


def runners_up(arcs: Arcs, chosen: IntArray) -> IntArray:
    """Of each request, the cheapest listed slot other than the one chosen; -1 when there is none."""
    second = np.full(len(chosen), -1)
    other = np.nonzero(arcs.slot != chosen[arcs.request])[0] if len(arcs.request) else np.zeros(0, dtype=np.int64)
    request, first = np.unique(arcs.request[other], return_index=True)
    second[request] = arcs.slot[other[first]]
    return second


def pair_costs(table: Table, rows: IntArray, columns: IntArray) -> list[Cost]:
    """The cost of each of these pairs, term by term, without fairness."""
    found: list[Cost] = []
    for start in range(0, len(rows), 256):
        part, slots = rows[start : start + 256], columns[start : start + 256]
        travel_s = table.travel_rows(part)
        of = table.terms_rows(part, travel_s, table.ways_rows(part, travel_s))
        each = np.arange(len(part))
        parts = [
            np.broadcast_to(term, travel_s.shape)[each, slots].tolist()
            for term in (of.travel_s, of.wait, of.continuity, of.stability, of.tele_s)
        ]
        found += [Cost(t, w, c, 0, s, tele) for t, w, c, s, tele in zip(*parts, strict=True)]
    return found


def place_costs(table: Table, rows: IntArray, columns: IntArray) -> list[int]:
    """The fairness term of each assignment: the n-th person sent to a practitioner costs the n-th margin."""
    beta, load = table.instance.parameters.fairness_beta_s, loads(table.instance)
    if not beta:
        return [0] * len(rows)
    taken: dict[str, int] = {}
    found = []
    for row, column in zip(rows, columns, strict=True):
        name, people = table.slots[column].practitioner, table.requests[row].party
        before = taken.get(name, 0)
        found.append(sum(fairness_of_place(beta, load[name], before + n + 1) for n in range(people)))
        taken[name] = before + people
    return found


def explain_unmatched(table: Table, chosen: IntArray, row: int) -> Unmatched:
    """Why this request has no slot: what excludes each slot, and by which class the allowed ones are held.

    A slot counts once for each of its blockers. Nothing is counted only when there is no slot at all.
    """
    allowed = table.block(np.array([row])).allowed[0]
    counts = table.count_blockers(row)
    if allowed.any():
        counts[Blocker.TAKEN] = int(allowed.sum())
    held = [0, 0, 0, 0]
    for other in np.nonzero(chosen >= 0)[0]:
        if allowed[chosen[other]]:
            held[table.requests[other].urgency - 1] += table.requests[other].party
    order = list(Blocker)
    return Unmatched(
        request=table.requests[row].id,
        blockers=tuple(sorted(counts.items(), key=lambda item: order.index(item[0]))),
        taken_by_class=(held[0], held[1], held[2], held[3]),
    )
