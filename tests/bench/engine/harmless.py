"""H. Where slots abound, nobody loses by our default: unserved and travel against earliest slot first."""

from services.matching.core.policies import DEFAULT_POLICY
from services.matching.simulation.figures import everybody, paired
from tests.bench.engine.days import BOUND, DAYS, PEERS
from tests.bench.engine.letters import Options
from tests.bench.engine.lived import EARLIEST, QUICK_DAYS, lived, ratios, show, target
from tests.bench.report import Report

LOAD = 0.5


def measure(report: Report, options: Options) -> None:
    """Half as many requests as slots."""
    policies = (EARLIEST, DEFAULT_POLICY) if options.quick else (*PEERS, DEFAULT_POLICY, BOUND)
    days = lived(LOAD, policies, QUICK_DAYS if options.quick else options.days or DAYS)
    show(report, "H", f"load {LOAD:g}, {len(days[EARLIEST])} days", days)
    harm = paired(everybody, days[DEFAULT_POLICY], days[EARLIEST]).mean
    target(report, "H", f"all unserved, points over {EARLIEST}", harm, 0.1)
    target(report, "H", f"travel over {EARLIEST}", ratios(days[DEFAULT_POLICY], days[EARLIEST])["travel"], 1.0)
