"""J: sharing the load among practitioners by convex costs, against not sharing it. At half load."""

import numpy as np

from services.matching.core.flow import solve_flow
from services.matching.core.network import IntArray, Network
from tests.bench.engine.letters import Options, shown, timed
from tests.bench.engine.markets import SLOTS_PER_PRACTICE, market
from tests.bench.report import Report

BETA_S = 120


def measure(report: Report, options: Options) -> None:
    """The same market with and without the cost of uneven loads."""
    n, m = (1_000, 2_000) if options.quick else (3_000, 6_000)
    drawn = market(n, m, 60, seed=5)
    base = _row(report, drawn.network, drawn.name, 0)
    for beta in (20, 60, BETA_S, 180, 240, 900):
        gini, cost, unserved = _row(report, _shared(drawn.network, beta), drawn.name, beta, base)
        if beta == BETA_S:
            report.guarantee("J: nobody more is left out when the load is shared", kept=unserved == base[2])
            report.figures["J"] = {"gini_ratio": gini / base[0], "cost_ratio": cost / base[1]}


def _shared(network: Network, beta: int) -> Network:
    practices = len(network.places) // SLOTS_PER_PRACTICE
    steps = beta * (2 * np.arange(1, SLOTS_PER_PRACTICE + 1) - 1)
    return Network(
        network.rank,
        network.arc_request,
        network.arc_slot,
        network.arc_cost,
        network.places,
        np.arange(len(network.places)) // SLOTS_PER_PRACTICE,
        (steps,) * practices,
    )


def _row(
    report: Report, network: Network, case: str, beta: int, base: tuple[float, int, list[int]] | None = None
) -> tuple[float, int, list[int]]:
    seconds, flow = timed(lambda: solve_flow(network), 1)
    cost = int(network.arc_cost[flow.arc[flow.arc >= 0]].sum())
    unserved = np.bincount(network.rank[flow.slot < 0], minlength=4).tolist()
    practices = len(network.places) // SLOTS_PER_PRACTICE
    gini = gini_of(np.bincount(flow.slot[flow.slot >= 0] // SLOTS_PER_PRACTICE, minlength=practices))
    against = f" ({cost / base[1] - 1:+.1%}), Gini {gini / base[0] - 1:+.0%}" if base else ""
    result = f"unserved {unserved}, Gini {gini:.3f}, travel and wait {cost}{against}"
    report.add(bench="J", case=case, who=f"beta = {beta} s", median=shown(seconds), result=result)
    return gini, cost, unserved


def gini_of(loads: IntArray) -> float:
    """Gini's index of some loads: 0 when all are equal."""
    ranked, n = np.sort(loads), len(loads)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ranked / (n * ranked.sum()))
