"""F: one event at a time, at the scale of a territory: candidates and insertion, always optimal.

Peers: solving the whole market again at each event with OR-Tools. At each checkpoint the objective of the warm matcher
must equal that of a full solve.
"""

import time
from dataclasses import replace

import numpy as np

from services.matching.core.incremental import Matcher
from services.matching.core.model import Instance
from services.matching.core.network import IntArray, Network
from services.matching.core.recommend import options as best_slots
from services.matching.core.recommend import price_list
from services.matching.core.table import NOT_ALLOWED, Offer, Table
from tests.bench.engine import peers
from tests.bench.engine.letters import Options
from tests.bench.engine.territories import territory
from tests.bench.report import Report, median, percentile

PENALTY_S = 1_000_000
EVERY = 50


def measure(report: Report, options: Options) -> None:
    """A day of arrivals on 600 slots, at half load and at full load; then options for the person on the phone."""
    for requests in (200,) if options.quick else (300, 600, 900):
        _day(report, territory(120, 600, requests, seed=3), f"120 practitioners, 600 slots, {requests} requests")
    _options(report, territory(120, 600, 640, seed=4), 20 if options.quick else 40)


def _day(report: Report, instance: Instance, case: str) -> None:
    matcher = Matcher()
    for slot in instance.slots:
        matcher.add_slot(slot.places)
    offer = Offer(instance)
    seconds, alone, again, equal, checks = [], [], [], 0, 0
    arrivals = sorted(instance.requests, key=lambda request: request.submitted_at_s)
    for number, request in enumerate(arrivals):
        start, busy = time.perf_counter(), time.thread_time()
        cost = Table(replace(instance, requests=(request,)), offer=offer).block(np.array([0])).cost[0]
        slots = np.nonzero(cost < NOT_ALLOWED)[0]
        slots = slots[np.argsort(cost[slots], kind="stable")]
        penalty = PENALTY_S * (5 - request.urgency)
        matcher.add_request(cost[slots].tolist(), slots.tolist(), penalty)
        seconds.append(time.perf_counter() - start)
        alone.append(time.thread_time() - busy)
        if number % EVERY == EVERY - 1 or number == len(arrivals) - 1:
            taken, objective = _solved_again(matcher)
            again.append(taken)
            checks += 1
            equal += objective == matcher.cost()
    who = "engine: candidates and insertion"
    # On a busy machine the elapsed time counts the others too: the time of this thread is said beside it.
    spread = f"p99 {percentile(seconds, 0.99) * 1000:.2g} ms, of this thread {percentile(alone, 0.99) * 1000:.2g} ms"
    report.add(bench="F", case=case, who=who, median=f"{median(seconds) * 1000:.3g} ms", result=spread)
    report.add(
        bench="F",
        case=case,
        who="solving all again (OR-Tools)",
        median=f"{median(again) * 1000:.3g} ms",
        **{"against ours": f"{median(again) / median(seconds):.3g}x"},
        result=f"max {max(again) * 1000:.3g} ms, candidates not counted",
    )
    report.guarantee(f"F: objective equal to a full solve at {checks} checkpoints, {case}", kept=equal == checks)


def _solved_again(matcher: Matcher) -> tuple[float, int]:
    rows = [(r, s, c) for r, found in enumerate(matcher.slots) for s, c in zip(found, matcher.costs[r], strict=True)]
    request, slot, cost = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    penalty: IntArray = np.array(matcher.penalty, dtype=np.int64)
    places = np.array(matcher.places, dtype=np.int64)
    network = Network(np.arange(len(penalty)), request, slot, cost, places, np.zeros(0, dtype=np.int64))
    seconds, unserved, travel = peers.raw_flow(network, penalty)
    left_out = penalty[np.array(unserved, dtype=bool)]
    return seconds, travel + int(left_out.sum())


def _options(report: Report, instance: Instance, count: int) -> None:
    callers = instance.requests[-count:]
    known = replace(instance, requests=instance.requests[:-count])
    prices, offer = price_list(known), Offer(known)
    seconds = []
    for caller in callers:
        start = time.perf_counter()
        best_slots(known, caller, 5, prices, offer=offer)
        seconds.append(time.perf_counter() - start)
    case = f"120 practitioners, 600 slots, {len(known.requests)} open requests"
    spread = f"p50 {median(seconds) * 1000:.2g}, p99 {percentile(seconds, 0.99) * 1000:.2g} ms"
    middle = f"{median(seconds) * 1000:.3g} ms"
    report.add(bench="F", case=case, who="options for one caller", median=middle, result=spread)
