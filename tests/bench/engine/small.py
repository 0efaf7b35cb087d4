"""D: a thousand requests, three thousand slots. Peers: networkx, CP-SAT, lapx, scipy, raw min-cost flow."""

from tests.bench.engine import peers
from tests.bench.engine.letters import Options
from tests.bench.engine.markets import market
from tests.bench.engine.speed import race
from tests.bench.report import Report


def measure(report: Report, options: Options) -> None:
    """Race on the size of a département's morning."""
    n, m = (300, 900) if options.quick else (1_000, 3_000)
    race(
        report,
        "D",
        market(n, m, 30, seed=1),
        {
            "raw min-cost flow (OR-Tools)": peers.raw_flow,
            "lapx lapmod": peers.lapx,
            "scipy sparse": peers.scipy_sparse,
            "networkx network simplex": peers.networkx_simplex,
            "CP-SAT": peers.cp_sat,
        },
        repeats=5,
    )
