"""A: exact on published optima, on markets small enough to try every plan, and against HiGHS on a large one."""

from itertools import product
from pathlib import Path

import numpy as np

from services.matching.core.flow import penalties, solve_flow, spread
from services.matching.core.network import Network
from tests.bench.engine import peers
from tests.bench.engine.letters import Options, shown, timed
from tests.bench.engine.markets import market
from tests.bench.report import Report

RANDOM_MARKETS = 200


def measure(report: Report, options: Options) -> None:
    """Published optima, enumeration, HiGHS."""
    folder = options.reference("assign")
    if folder is not None:
        _published(report, folder)
    _enumerated(report, 60 if options.quick else RANDOM_MARKETS)
    n, m = (1_000, 800) if options.quick else (6_700, 2_000)
    _against_highs(report, n, m)


def _published(report: Report, folder: Path) -> None:
    optima = published_optima(folder / "assignopt.txt")
    files = [path for path in sorted(folder.glob("*.txt")) if path.stem in optima]
    if not files:
        raise SystemExit(f"{folder}: no file named in assignopt.txt")
    for path in files:
        network = assignment(path)
        seconds, flow = timed(lambda market_=network: solve_flow(market_), 1)  # type: ignore[misc]
        cost = int(network.arc_cost[flow.arc[flow.arc >= 0]].sum())
        exact = cost == optima[path.stem] and bool((flow.arc >= 0).all())
        result = f"cost {cost}, published {optima[path.stem]}"
        report.add(bench="A", case=path.stem, who="engine", median=shown(seconds), result=result)
        report.guarantee(f"A: {path.stem} solved to its published optimum", kept=exact)


def published_optima(path: Path) -> dict[str, int]:
    """The whole optima of an `assignopt.txt`: a name and a figure on each line."""
    found = {}
    for line in path.read_text().splitlines():
        words = line.split()
        if len(words) == 2 and words[1].isdigit():
            found[words[0]] = int(words[1])
    return found


def assignment(path: Path) -> Network:
    """An OR-Library assignment problem: n, then n x n costs, or n then (row, column, cost) from 1."""
    numbers = np.array(path.read_text().split(), dtype=np.int64)
    n, rest = int(numbers[0]), numbers[1:]
    if len(rest) == n * n:
        request, slot, cost = np.repeat(np.arange(n), n), np.tile(np.arange(n), n), rest
    else:
        request, slot, cost = rest[0::3] - 1, rest[1::3] - 1, rest[2::3]
    order = np.lexsort((slot, cost, request))
    ones = np.ones(n, dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    return Network(np.zeros(n, dtype=np.int64), request[order], slot[order], cost[order], ones, none)


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
