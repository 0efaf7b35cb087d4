"""B: ten thousand requests, thirty thousand slots. Peers: raw min-cost flow, GLOP, HiGHS, scipy, lapx."""

import tracemalloc

from services.matching.core.flow import solve_flow
from tests.bench.engine import peers
from tests.bench.engine.letters import Options
from tests.bench.engine.markets import Market, market
from tests.bench.engine.speed import race
from tests.bench.report import Report


def measure(report: Report, options: Options) -> None:
    """Race on the market of matching everybody at once, places plenty."""
    n, m, repeats = (2_000, 6_000, 3) if options.quick else (10_000, 30_000, 5)
    drawn = market(n, m, 30, seed=1)
    _memory(report, drawn)
    race(
        report,
        "B",
        drawn,
        {
            "raw min-cost flow (OR-Tools)": peers.raw_flow,
            "lapx lapmod": peers.lapx,
            "scipy sparse": peers.scipy_sparse,
            "GLOP": peers.glop,
            "HiGHS simplex": peers.highs,
        },
        repeats,
    )


def _memory(report: Report, drawn: Market) -> None:
    """The most the engine holds at once, against the matrix a dense solver needs before it starts."""
    tracemalloc.start()
    solve_flow(drawn.network)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    n, m = len(drawn.network.rank), len(drawn.network.places)
    dense = 8 * n * (m + n)
    against = {"against ours": f"{dense / peak:.3g}x"}
    report.add(bench="B", case=drawn.name, who="engine, memory", median=f"{peak / 2**20:.0f} MiB")
    report.add(bench="B", case=drawn.name, who="dense matrix, memory", median=f"{dense / 2**20:.0f} MiB", **against)
