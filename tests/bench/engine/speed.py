"""One market, the engine and its peers: the same counts and the same cost, in how many seconds each."""

import numpy as np

from services.matching.core.flow import penalties, solve_flow, spread
from services.matching.core.network import Flow, Network
from tests.bench.engine.letters import shown, timed
from tests.bench.engine.markets import Market
from tests.bench.engine.peers import Answer, Peer, answer
from tests.bench.report import Report


def ours(network: Network) -> tuple[Flow, Answer]:
    """The engine end to end, proof included; the seconds are the caller's to measure."""
    flow = solve_flow(network)
    return flow, answer(network, 0.0, flow.arc[flow.arc >= 0])


def race(report: Report, bench: str, market: Market, peers: dict[str, Peer], repeats: int) -> dict[str, float]:
    """Time everybody; guarantee that the engine is certified and that each exact peer finds the same."""
    network = market.network
    seconds, (flow, (_, unserved, cost)) = timed(lambda: ours(network), repeats)
    case = f"{market.name}, {market.arcs} arcs"
    result = f"unserved {unserved}, cost {cost}"
    report.add(bench=bench, case=case, who="engine, proof included", median=shown(seconds), result=result)
    report.guarantee(f"{bench}: counts certified class by class, {market.name}", kept=flow.certified)
    # The smallest gap found exact here: peers are given the easiest penalties.
    penalty = penalties(network, 2 * spread(network))
    ratios = {}
    for name, peer in peers.items():
        runs: list[Answer] = [peer(network, penalty) for _ in range(repeats if name in QUICK_PEERS else 1)]
        median = float(np.median([run[0] for run in runs]))
        same = runs[-1][1:] == (unserved, cost)
        ratios[name] = median / seconds
        report.add(
            bench=bench,
            case=case,
            who=name,
            median=shown(median),
            **{"against ours": f"{ratios[name]:.3g}x"},
            result="same plan value" if same else f"unserved {runs[-1][1]}, cost {runs[-1][2]}",
        )
        report.guarantee(f"{bench}: same counts and cost as {name}, {market.name}", kept=same)
    return ratios


QUICK_PEERS = {"raw min-cost flow (OR-Tools)", "scipy sparse", "lapx lapmod"}
