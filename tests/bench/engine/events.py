"""F: one event at a time, at the scale of a territory: candidates and insertion, always optimal.

A day: some slots are known in the morning, the others are published later; requests arrive, wait as long as their class
allows, and get their slot for good. Peer: solving all that is open again with OR-Tools. At each checkpoint the
objective of the warm matcher must equal that of the full solve.
"""

import time
from dataclasses import replace

import numpy as np

from services.matching.engine.model import Instance
from services.matching.engine.sameday.recommend import options as best_slots
from services.matching.engine.sameday.recommend import price_list
from services.matching.engine.sameday.table import OfferTable
from tests.bench.engine.letters import Options
from tests.bench.engine.territories import territory
from tests.bench.engine.warm_day import INSERTION, WarmDay
from tests.bench.report import Report, median, percentile


def measure(report: Report, options: Options) -> None:
    """Days at half load and more; then options for the person on the phone."""
    for requests in (300,) if options.quick else (300, 600, 900):
        _day(report, territory(120, 600, requests, seed=3), f"120 practitioners, 600 slots, {requests} requests")
    _options(report, territory(120, 600, 640, seed=4), 20 if options.quick else 40)


def _day(report: Report, instance: Instance, case: str) -> None:
    day = WarmDay(instance)
    day.run()
    again = [seconds for seconds, _ in day.checks]
    for kind, found in day.seconds.items():
        # On a busy machine the elapsed time counts the others too: the processor time of this thread is given.
        percentiles = ", ".join(f"p{share} {percentile(found, share / 100) * 1000:.2g}" for share in (50, 95, 99))
        middle = f"{median(found) * 1000:.3g} ms"
        report.add(bench="F", case=case, who=kind, median=middle, result=f"{percentiles} ms, {len(found)} events")
    insertion = median(day.seconds[INSERTION])
    report.add(
        bench="F",
        case=case,
        who="solving all again (OR-Tools)",
        median=f"{median(again) * 1000:.3g} ms",
        **{"against ours": f"{median(again) / insertion:.3g}x"},
        result=f"max {max(again) * 1000:.3g} ms, up to {day.most_open} open",
    )
    kept = all(equal for _, equal in day.checks)
    report.guarantee(f"F: objective equal to a full solve at {len(day.checks)} checkpoints, {case}", kept=kept)


def _options(report: Report, instance: Instance, count: int) -> None:
    callers = instance.requests[-count:]
    known = replace(instance, requests=instance.requests[:-count])
    prices, offer = price_list(known), OfferTable(known)
    seconds = []
    for caller in callers:
        start = time.thread_time()
        best_slots(known, caller, 5, prices, offer=offer)
        seconds.append(time.thread_time() - start)
    start = time.thread_time()
    price_list(known)
    once = time.thread_time() - start
    case = f"120 practitioners, 600 slots, {len(known.requests)} open requests"
    spread = f"p99 {percentile(seconds, 0.99) * 1000:.2g} ms; prices once per round {once * 1000:.3g} ms"
    middle = f"{np.median(seconds) * 1000:.3g} ms"
    report.add(bench="F", case=case, who="options for one caller", median=middle, result=spread)
