"""B: ten thousand requests, thirty thousand slots. Peers: raw min-cost flow, GLOP, HiGHS, scipy, lapx."""

from tests.bench.engine import peers
from tests.bench.engine.letters import Options
from tests.bench.engine.markets import market
from tests.bench.engine.speed import race
from tests.bench.report import Report


def measure(report: Report, options: Options) -> None:
    """Race on the market of matching everybody at once, places plenty."""
    n, m, repeats = (2_000, 6_000, 3) if options.quick else (10_000, 30_000, 5)
    race(
        report,
        "B",
        market(n, m, 30, seed=1),
        {
            "raw min-cost flow (OR-Tools)": peers.raw_flow,
            "lapx lapmod": peers.lapx,
            "scipy sparse": peers.scipy_sparse,
            "GLOP": peers.glop,
            "HiGHS simplex": peers.highs,
        },
        repeats,
    )
