"""J: sharing the load among practitioners by convex costs, against not sharing it. At half load, on held-out seeds.

First one batch without a past, as these figures are usually given. Then what the product does: day after day, with the
loads of the last four weeks, at its default; there a smaller price is enough, since a ledger never forgets.
"""

from dataclasses import dataclass, replace

import numpy as np

from services.matching.engine.market.flow import solve_flow
from services.matching.engine.market.network import IntArray, Network
from services.matching.engine.model import Parameters
from tests.bench.engine.ledger import DAYS_MEASURED, DAYS_OF_LEDGER, days_of, live_weeks
from tests.bench.engine.letters import Options, aim, shown, timed
from tests.bench.engine.markets import SLOTS_PER_PRACTICE, Market, market
from tests.bench.report import Report, median

BETA_S = 140
"""The smallest multiple of 20 that halves the index on seeds 0 to 9; the figures are of seeds never used for that."""
BETAS_S = (20, 60, 100, BETA_S, 180, 240, 900)
FIRST_HELD_OUT = 2000
TERRITORIES = 12


@dataclass(frozen=True)
class Shared:
    """One market solved at one beta."""

    seconds: float
    gini: float
    travel_s: int
    cost: int
    unserved: tuple[int, ...]


def measure(report: Report, options: Options) -> None:
    """The same markets with and without the cost of uneven loads: means, with their standard errors."""
    (n, m), count = ((1_000, 2_000), 3) if options.quick else ((3_000, 6_000), 10)
    markets = [market(n, m, 60, seed=FIRST_HELD_OUT + seed) for seed in range(count)]
    base = [solved(one, 0) for one in markets]
    case = f"{markets[0].name}, {count} markets"
    middle = shown(median([one.seconds for one in base]))
    gini = f"Gini {np.mean([one.gini for one in base]):.3f}"
    report.add(bench="J", case=case, who="beta = 0 s", median=middle, result=gini)
    for beta in BETAS_S:
        found = [solved(one, beta) for one in markets]
        ratios = {
            "Gini": [a.gini / b.gini for a, b in zip(found, base, strict=True)],
            "travel": [a.travel_s / b.travel_s for a, b in zip(found, base, strict=True)],
            "travel and wait": [a.cost / b.cost for a, b in zip(found, base, strict=True)],
        }
        result = ", ".join(f"{name} {_spread(values)}" for name, values in ratios.items())
        middle = shown(median([one.seconds for one in found]))
        report.add(bench="J", case=case, who=f"beta = {beta} s", median=middle, result=result)
        if beta == BETA_S:
            aim(report, "J", f"Gini over not sharing, beta {beta} s", float(np.mean(ratios["Gini"])), 0.5)
            aim(report, "J", f"travel over not sharing, beta {beta} s", float(np.mean(ratios["travel"])), 1.03)
            kept = all(a.unserved == b.unserved for a, b in zip(found, base, strict=True))
            report.guarantee("J: as many left out of each class when the load is shared", kept=kept)

    if not options.quick:
        _weeks(report)


def _weeks(report: Report) -> None:
    """The product's default against no sharing, on the same days."""
    seeds, beta = range(FIRST_HELD_OUT, FIRST_HELD_OUT + TERRITORIES), Parameters().fairness_beta_s
    pairs = [(live_weeks(days, 0), live_weeks(days, beta)) for days in (days_of(seed, 0.5) for seed in seeds)]
    gini = [gini_of(np.array(ours.loads)) / gini_of(np.array(base.loads)) for base, ours in pairs]
    travel = [ours.travel_s / base.travel_s for base, ours in pairs]
    case = f"{TERRITORIES} territories, {DAYS_OF_LEDGER} + {DAYS_MEASURED} days, load 0.5"
    who = f"the default, beta = {beta} s on four weeks"
    report.add(bench="J", case=case, who=who, result=f"Gini of four weeks {_spread(gini)}, travel {_spread(travel)}")
    aim(report, "J", f"Gini of four weeks over not sharing, beta {beta} s", float(np.mean(gini)), 0.5)
    aim(report, "J", f"travel over not sharing, beta {beta} s on four weeks", float(np.mean(travel)), 1.03)
    kept = all(ours.left == base.left for base, ours in pairs)
    report.guarantee("J: as many left out when the load of four weeks is shared", kept=kept)


def solved(drawn: Market, beta: int) -> Shared:
    """The plan when the n-th person sent to a practice costs beta x (2n - 1)."""
    network = _shared(drawn.network, beta) if beta else drawn.network
    seconds, flow = timed(lambda: solve_flow(network), 1)
    arcs = flow.arc[flow.arc >= 0]
    practices = len(network.places) // SLOTS_PER_PRACTICE
    return Shared(
        seconds=seconds,
        gini=gini_of(np.bincount(flow.slot[flow.slot >= 0] // SLOTS_PER_PRACTICE, minlength=practices)),
        travel_s=int(drawn.travel_s[arcs].sum()),
        cost=int(network.arc_cost[arcs].sum()),
        unserved=tuple(np.bincount(network.rank[flow.slot < 0], minlength=4).tolist()),
    )


def _shared(network: Network, beta: int) -> Network:
    practices = len(network.places) // SLOTS_PER_PRACTICE
    steps = beta * (2 * np.arange(1, SLOTS_PER_PRACTICE + 1) - 1)
    group = np.arange(len(network.places)) // SLOTS_PER_PRACTICE
    return replace(network, group=group, group_costs=(steps,) * practices)


def _spread(ratios: list[float]) -> str:
    return f"{np.mean(ratios):.3f}x ({np.std(ratios, ddof=1) / len(ratios) ** 0.5:.3f})"


def gini_of(loads: IntArray) -> float:
    """Gini's index of some loads: 0 when all are equal."""
    ranked, n = np.sort(loads), len(loads)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ranked / (n * ranked.sum()))
