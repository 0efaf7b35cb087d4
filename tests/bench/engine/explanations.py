"""L: what prices foretell is what solving again finds, and everybody left out has a reason."""

import time
from collections.abc import Iterator
from dataclasses import replace

from services.matching.engine.model import Instance, Plan, Relaxation, Unmatched
from services.matching.engine.sameday.explain import PLACE, Explainer, apply
from services.matching.engine.sameday.order import rank_of
from services.matching.engine.sameday.solve import solve
from services.matching.engine.sameday.worth import by_practitioner, place_prices
from tests.bench.engine.letters import Options, shown
from tests.bench.engine.territories import territory
from tests.bench.report import Report, median

SAMPLE = 200


def measure(report: Report, options: Options) -> None:
    """Relaxations, reasons and prices on scarce territories."""
    sample = 30 if options.quick else SAMPLE
    _relaxations(report, sample)
    _prices(report, 8 if options.quick else 25)


def _scarce() -> Iterator[tuple[Instance, Plan]]:
    seed = 100
    while True:
        instance = territory(12, 40, 70, seed)
        yield instance, solve(instance)
        seed += 1


def _relaxations(report: Report, sample: int) -> None:
    checked = equal = tied = people = reasons = 0
    seconds = []
    for instance, plan in _scarce():
        explainer = Explainer(instance, check=False)
        for one in plan.unmatched:
            start = time.perf_counter()
            found = explainer.relaxations(one.request)
            seconds.append(time.perf_counter() - start)
            people += 1
            reasons += any(count for _, count in one.blockers)
            for change in found:
                serves, same_class = _serves(instance, plan, one, change)
                checked += 1
                equal += serves
                tied += same_class and not serves
            if checked >= sample:
                break
        if checked >= sample:
            break
    result = f"{equal} serve when solved again, {tied} ties for a place, of {checked}"
    case = "12 practitioners, 40 slots, 70 requests each"
    report.add(bench="L", case=case, who="changes foretold by prices", median=shown(median(seconds)), result=result)
    report.guarantee(f"L: {checked} changes foretold are confirmed by solving again", kept=equal + tied == checked)
    report.guarantee(f"L: every one of {people} people left out has a reason", kept=reasons == people)


def _serves(instance: Instance, plan: Plan, one: Unmatched, change: Relaxation) -> tuple[bool, bool]:
    """Whether this person is served; and for one more place, whether someone else of the class is instead."""
    request = next(asked for asked in instance.requests if asked.id == one.request)
    again = solve(apply(instance, request, change))
    served = {assignment.request for assignment in again.assignments}
    rank = {asked.id: rank_of(asked) for asked in instance.requests}
    before = sum(rank[name.request] == rank_of(request) for name in plan.assignments)
    after = sum(rank[name] == rank_of(request) for name in served)
    return request.id in served, change.kind == PLACE and after > before


def _prices(report: Report, sample: int) -> None:
    checked = equal = 0
    for instance, plan in _scarce():
        before = len(plan.assignments), plan.cost
        for price in by_practitioner(place_prices(instance)):
            slots = tuple(replace(s, places=s.places + 1) if s.id == price.slot else s for s in instance.slots)
            again = solve(replace(instance, slots=slots))
            checked += 1
            same_counts = len(again.assignments) == before[0] and _classes(instance, again) == _classes(instance, plan)
            if same_counts:
                equal += price.saves == before[1] - again.cost
            else:
                equal += price.saves > 0
            if checked >= sample:
                report.add(
                    bench="L",
                    case="one more place at a practitioner",
                    who="prices from the residual graph",
                    result=f"{equal} of {checked} equal to solving with one more place",
                )
                report.guarantee(f"L: {checked} prices of a place equal finite differences", kept=equal == checked)
                return


def _classes(instance: Instance, plan: Plan) -> list[int]:
    rank = {asked.id: rank_of(asked) for asked in instance.requests}
    return sorted(rank[one.request] for one in plan.assignments)
