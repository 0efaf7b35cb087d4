"""C: ten thousand requests for six thousand slots. Peers: HiGHS, scipy, lapx, and the bare flow below us."""

from tests.bench.engine import peers
from tests.bench.engine.letters import Options, aim
from tests.bench.engine.markets import market
from tests.bench.engine.speed import RAW, race
from tests.bench.report import Report


def measure(report: Report, options: Options) -> None:
    """Race on a market where four in ten are left out."""
    n, m = (1_000, 600) if options.quick else (10_000, 6_000)
    others = {"lapx lapmod": peers.lapx, "scipy sparse": peers.scipy_sparse, "HiGHS simplex": peers.highs}
    slower = race(report, "C", market(n, m, 30, seed=1), {RAW: peers.raw_flow, **others}, repeats=3)
    aim(report, "C", "times faster than the best solver", min(slower[name] for name in others), 2, at_least=True)
    # Where places are scarce the engine is this flow and its proof: it can be no faster, and must not be much slower.
    aim(report, "C", f"time over {RAW}", 1 / slower[RAW], 1.2)
