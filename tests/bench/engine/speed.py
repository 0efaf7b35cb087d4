"""One market, the engine and its peers: the same counts and the same cost, in how many seconds each."""

import numpy as np

from services.matching.engine.market.flow import penalties, solve_flow, spread
from services.matching.engine.market.network import Flow, Network
from tests.bench.engine.letters import shown, timed
from tests.bench.engine.markets import Market
from tests.bench.engine.peers import Answer, Peer, answer
from tests.bench.report import Report

RAW = "raw min-cost flow (OR-Tools)"
LONG_S = 2.5
"""Peers that take longer are run once."""


def ours(network: Network) -> tuple[Flow, Answer]:
    """The engine end to end, proof included; the seconds are the caller's to measure."""
    flow = solve_flow(network)
    return flow, answer(network, 0.0, flow.arc[flow.arc >= 0])


def race(report: Report, bench: str, market: Market, peers: dict[str, Peer], repeats: int) -> dict[str, float]:
    """Time everybody in turn; guarantee that ours is certified and equals each peer; each one's time over ours."""
    network = market.network
    # Small penalties, exact on these markets: what suits the peers best, as their time grows with the range of costs.
    penalty = penalties(network, 2 * spread(network))
    solve_flow(network)
    mine: list[float] = []
    runs: dict[str, list[Answer]] = {name: [] for name in peers}
    for repeat in range(repeats):
        seconds, (flow, (_, unserved, cost)) = timed(lambda: ours(network), 1)
        mine.append(seconds)
        for name, peer in peers.items():
            if repeat == 0 or runs[name][0][0] < LONG_S:
                runs[name].append(peer(network, penalty))
    median = float(np.median(mine))
    case = f"{market.name}, {market.arcs} arcs"
    result = f"unserved {unserved}, cost {cost}"
    report.add(bench=bench, case=case, who="engine, proof included", median=shown(median), result=result)
    report.guarantee(f"{bench}: counts certified class by class, {market.name}", kept=flow.certified)
    engine = (median, unserved, cost)
    return {name: _against(report, bench, market, (name, found), engine) for name, found in runs.items()}


def _against(report: Report, bench: str, market: Market, peer: tuple[str, list[Answer]], engine: Answer) -> float:
    name, runs = peer
    median = float(np.median([run[0] for run in runs]))
    ratio = median / engine[0]
    same = runs[-1][1:] == engine[1:]
    report.add(
        bench=bench,
        case=f"{market.name}, {market.arcs} arcs",
        who=name if len(runs) > 1 else f"{name}, once",
        median=shown(median),
        **{"against ours": f"{ratio:.3g}x"},
        result="same plan value" if same else f"unserved {runs[-1][1]}, cost {runs[-1][2]}",
    )
    report.guarantee(f"{bench}: same counts and cost as {name}, {market.name}", kept=same)
    return ratio
