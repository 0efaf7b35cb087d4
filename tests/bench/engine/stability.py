"""K. Told at once and moved only for more than two hours' worth: who gains, how many are moved, nobody dropped."""

from services.matching.core.policies import STABLE
from services.matching.simulation.figures import figures
from tests.bench.engine.days import DAYS
from tests.bench.engine.letters import Options
from tests.bench.engine.lived import EARLIEST, FROZEN, QUICK, QUICK_DAYS, lived, ratios, show, target
from tests.bench.report import Report


def measure(report: Report, options: Options) -> None:
    """Against the same plan frozen once told."""
    for load in (1.0,) if options.quick else (0.75, 1.0, 1.25):
        policies = (EARLIEST, FROZEN, STABLE.name)
        days = lived(load, QUICK, QUICK_DAYS) if options.quick else lived(load, policies, options.days or DAYS)
        days = {policy: days[policy] for policy in policies}
        show(report, "K", f"load {load:g}, {len(days[FROZEN])} days", days)
        stable = figures(days[STABLE.name])
        gain = ratios(days[STABLE.name], days[FROZEN])
        report.add(bench="K", case=f"load {load:g}", who="stable over frozen", result=f"P1+P2 {gain['P1+P2']:.2f}x")
        target(report, "K", f"moved after being told, %, load {load:g}", stable.moved, 5.0)
        report.guarantee(f"K: nobody dropped after being told, load {load:g}", kept=stable.dropped == 0)
