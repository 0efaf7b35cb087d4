"""B: ten thousand requests, thirty thousand slots. Peers: raw min-cost flow, GLOP, HiGHS, scipy, lapx."""

from tests.bench.engine import peers
from tests.bench.engine.letters import Options, aim
from tests.bench.engine.markets import Market, market
from tests.bench.engine.memory import of_one_solve
from tests.bench.engine.speed import RAW, race
from tests.bench.report import Report

SEED = 1


def measure(report: Report, options: Options) -> None:
    """Race on the market of matching everybody at once, places plenty."""
    n, m, repeats = (1_500, 4_500, 3) if options.quick else (10_000, 30_000, 5)
    drawn = market(n, m, 30, seed=SEED)
    _memory(report, drawn)
    slower = race(
        report,
        "B",
        drawn,
        {
            RAW: peers.raw_flow,
            "lapx lapmod": peers.lapx,
            "scipy sparse": peers.scipy_sparse,
            "GLOP": peers.glop,
            "HiGHS simplex": peers.highs,
        },
        repeats,
    )
    aim(report, "B", f"time over {RAW}", 1 / slower[RAW], 1.2)
    for name in ("GLOP", "HiGHS simplex"):
        aim(report, "B", f"times faster than {name}", slower[name], 4, at_least=True)


def _memory(report: Report, drawn: Market) -> None:
    """What solving adds to a process at most, against the matrix a dense solver needs before it starts."""
    n, m = len(drawn.network.rank), len(drawn.network.places)
    found = of_one_solve(n, m, drawn.k, SEED)
    added, dense = found["peak"] - found["before"], 8 * n * (m + n) / 2**20
    whole = f"the whole process {found['peak']:.0f} MiB"
    report.add(bench="B", case=drawn.name, who="engine, memory added", median=f"{added:.0f} MiB", result=whole)
    against = {"against ours": f"{dense / added:.3g}x"}
    report.add(bench="B", case=drawn.name, who="dense matrix, memory", median=f"{dense:.0f} MiB", **against)
    aim(report, "B", "memory over the dense matrix", added / dense, 0.1)
