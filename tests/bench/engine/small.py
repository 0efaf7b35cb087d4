"""D: a thousand requests, three thousand slots. Peers: networkx, CP-SAT, lapx, scipy, raw min-cost flow."""

from tests.bench.engine import peers
from tests.bench.engine.letters import Options, aim
from tests.bench.engine.markets import market
from tests.bench.engine.speed import RAW, race
from tests.bench.report import Report


def measure(report: Report, options: Options) -> None:
    """Race on the size of a département's morning."""
    n, m = (250, 750) if options.quick else (1_000, 3_000)
    slow = {"networkx network simplex": peers.networkx_simplex, "CP-SAT": peers.cp_sat}
    fast = {RAW: peers.raw_flow, "lapx lapmod": peers.lapx, "scipy sparse": peers.scipy_sparse}
    slower = race(report, "D", market(n, m, 30, seed=1), {**fast, **slow}, repeats=5)
    for name in slow:
        aim(report, "D", f"times faster than {name}", slower[name], 100, at_least=True)
