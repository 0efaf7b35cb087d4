"""K. Told at once and moved only for more than two hours' worth: who gains, how many are moved, nobody dropped."""

from services.matching.engine.ahead.policies import STABLE
from services.matching.lab.figures import figures
from tests.bench.engine.letters import Options, aim
from tests.bench.engine.lived import FROZEN, PEERS, lived, ratios, show
from tests.bench.report import Report

MOST_MOVED = 5.0


def measure(report: Report, options: Options) -> None:
    """Against the same plan frozen once told; with mishaps too, where a slot taken back is no choice of the policy."""
    count = options.simulated
    for load in (1.0,) if options.quick else (0.75, 1.0, 1.25):
        for mishaps in (False,) if options.quick else (False, True):
            days = lived(load, (*PEERS, FROZEN, STABLE.name), count, mishaps=mishaps)
            case = f"load {load:g}{', mishaps' if mishaps else ''}"
            show(report, "K", f"{case}, {count} days", days)
            stable = figures(days[STABLE.name])
            gain = ratios(days[STABLE.name], days[FROZEN])
            said = f"P1+P2 {gain['P1+P2']:.2f}x, P4 {gain['P4']:.2f}x"
            report.add(bench="K", case=case, who=f"{STABLE.name} over {FROZEN}", result=said)
            aim(report, "K", f"moved after being told, %, {case}", stable.moved, MOST_MOVED)
            if not mishaps:
                report.guarantee(f"K: nobody dropped after being told, {case}", kept=stable.dropped == 0)
