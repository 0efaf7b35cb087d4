"""C: ten thousand requests for six thousand slots. Peers: raw min-cost flow, lapx, scipy, HiGHS."""

from tests.bench.engine import peers
from tests.bench.engine.letters import Options
from tests.bench.engine.markets import market
from tests.bench.engine.speed import race
from tests.bench.report import Report


def measure(report: Report, options: Options) -> None:
    """Race on a market where four in ten are left out."""
    n, m, repeats = (2_000, 1_200, 3) if options.quick else (10_000, 6_000, 3)
    race(
        report,
        "C",
        market(n, m, 30, seed=1),
        {
            "raw min-cost flow (OR-Tools)": peers.raw_flow,
            "lapx lapmod": peers.lapx,
            "scipy sparse": peers.scipy_sparse,
            "HiGHS simplex": peers.highs,
        },
        repeats,
    )
