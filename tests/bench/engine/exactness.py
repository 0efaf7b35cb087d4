"""A: exact on published optima, on markets small enough to try every plan, and against HiGHS on a large one."""

from itertools import product
from pathlib import Path

import numpy as np

from services.matching.engine.market.flow import penalties, solve_flow, spread
from services.matching.engine.market.network import Network
from tests.bench.engine import peers
from tests.bench.engine.letters import Options, shown, timed
from tests.bench.engine.markets import market
from tests.bench.engine.national import alone, described, left_by_class, same_plan
from tests.bench.engine.published import OPTIMA, published
from tests.bench.report import Report

RANDOM_MARKETS = 200
SHARE = 0.1
"""Of the nation without family doctors."""


def measure(report: Report, options: Options) -> None:
    """Published optima, enumeration, HiGHS."""
    folder = options.reference("assign", OPTIMA)
    if folder is not None:
        published(report, folder)
    elif options.data is not None and options.reference("data", "communes.csv") is None:
        raise SystemExit(f"{options.data}: no {OPTIMA} there")
    _enumerated(report, 60 if options.quick else RANDOM_MARKETS)
    n, m = (1_000, 800) if options.quick else (6_700, 2_000)
    _against_highs(report, n, m)
    _nation_against_highs(report, 0.02 if options.quick else SHARE, options.reference("data", "communes.csv"))


def _enumerated(report: Report, count: int) -> None:
    draw = np.random.default_rng(20)
    equal = 0
    for _ in range(count):
        network = small_market(draw)
        flow = solve_flow(network)
        equal += value(network, flow.slot) == best(network) and flow.certified
    report.add(bench="A", case="random markets", who="engine", result=f"{equal} of {count} equal to enumeration")
    report.guarantee(f"A: {count} random markets equal to enumeration", kept=equal == count)


def small_market(draw: np.random.Generator) -> Network:
    """Up to six requests of four classes, up to four slots of one or two places; half have practitioners with caps."""
    n, m = int(draw.integers(1, 7)), int(draw.integers(1, 5))
    request, slot = np.nonzero(draw.random((n, m)) < 0.6)
    cost = draw.integers(0, 60, len(request))
    order = np.lexsort((slot, cost, request))
    group = draw.integers(0, 2, m) if draw.random() < 0.5 else np.zeros(0, dtype=np.int64)
    steps = [np.cumsum(draw.integers(0, 20, int(draw.integers(1, 4)))) for _ in range(2)] if len(group) else []
    places = draw.integers(1, 3, m)
    return Network(draw.integers(0, 4, n), request[order], slot[order], cost[order], places, group, tuple(steps))


def value(network: Network, slot: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> tuple[tuple[int, ...], int]:
    """Unserved by rank, then cost with the practitioners' margins."""
    unserved = np.bincount(network.rank[slot < 0], minlength=4)
    cost = sum(
        int(network.arc_cost[(network.arc_request == r) & (network.arc_slot == s)][0])
        for r, s in enumerate(slot.tolist())
        if s >= 0
    )
    for number, steps in enumerate(network.group_costs):
        cost += int(steps[: int((network.group[slot[slot >= 0]] == number).sum())].sum())
    return tuple(unserved.tolist()), cost


def best(network: Network) -> tuple[tuple[int, ...], int]:
    """The best value over every plan."""
    n, m = len(network.rank), len(network.places)
    choices = [[-1, *network.arc_slot[network.arc_request == r].tolist()] for r in range(n)]
    plans = (np.array(plan, dtype=np.int64) for plan in product(*choices))
    return min(value(network, plan) for plan in plans if _fits(network, plan, m))


def _fits(network: Network, slot: "np.ndarray[tuple[int], np.dtype[np.int64]]", m: int) -> bool:
    taken = np.bincount(slot[slot >= 0], minlength=m)
    if (taken > network.places).any():
        return False
    loads = [int(taken[network.group == number].sum()) for number in range(len(network.group_costs))]
    return all(load <= len(steps) for load, steps in zip(loads, network.group_costs, strict=True))


def _against_highs(report: Report, n: int, m: int) -> None:
    drawn = market(n, m, 30, seed=7)
    seconds, flow = timed(lambda: solve_flow(drawn.network), 1)
    ours = peers.answer(drawn.network, 0.0, flow.arc[flow.arc >= 0])
    theirs = peers.highs(drawn.network, penalties(drawn.network, 10 * spread(drawn.network)))
    result = f"unserved {ours[1]}, cost {ours[2]}"
    report.add(bench="A", case=drawn.name, who="engine", median=shown(seconds), result=result)
    ratio = f"{theirs[0] / seconds:.3g}x"
    report.add(
        bench="A",
        case=drawn.name,
        who="HiGHS simplex",
        median=shown(theirs[0]),
        **{"against ours": ratio},
        result="same plan value" if theirs[1:] == ours[1:] else f"unserved {theirs[1]}, cost {theirs[2]}",
    )
    report.guarantee(f"A: equal to HiGHS, {drawn.name}", kept=theirs[1:] == ours[1:])


def _nation_against_highs(report: Report, share: float, data: Path | None) -> None:
    ours, theirs = alone("ours", share, data), alone("highs", share, data)
    case = f"{share:.0%} of the nation: {described(ours, data)}"
    result = f"left by class {left_by_class(ours)}, travel {ours['travel_s']}"
    report.add(bench="A", case=case, who="engine", median=shown(ours["cpu_s"]), result=result)
    same = same_plan(ours, theirs)
    report.add(
        bench="A",
        case=case,
        who="HiGHS, dual simplex",
        median=shown(theirs["cpu_s"]),
        **{"against ours": f"{theirs['cpu_s'] / ours['cpu_s']:.3g}x"},
        result="same counts and travel" if same else f"left {left_by_class(theirs)}, travel {theirs['travel_s']}",
    )
    report.guarantee(f"A: {share:.0%} of the nation certified and equal to HiGHS", kept=same and ours["certified"])
