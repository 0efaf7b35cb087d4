"""H. Where slots abound, nobody loses by our default: unserved and travel against earliest slot first."""

from services.matching.engine.ahead.policies import DEFAULT_POLICY
from services.matching.lab.figures import everybody, pair
from tests.bench.engine.letters import Options, aim
from tests.bench.engine.lived import EARLIEST, PEERS, lived, ratios, show
from tests.bench.report import Report

LOAD = 0.5


def measure(report: Report, options: Options) -> None:
    """Half as many requests as slots, calm and with mishaps."""
    count = options.simulated
    for mishaps in (False,) if options.quick else (False, True):
        days = lived(LOAD, (*PEERS, DEFAULT_POLICY), count, mishaps=mishaps)
        case = f"load {LOAD:g}{', mishaps' if mishaps else ''}"
        show(report, "H", f"{case}, {count} days", days)
        harm = pair(everybody, days[DEFAULT_POLICY], days[EARLIEST]).mean
        aim(report, "H", f"all unserved, points over {EARLIEST}, {case}", harm, 0.1)
        aim(report, "H", f"travel over {EARLIEST}, {case}", ratios(days[DEFAULT_POLICY], days[EARLIEST])["travel"], 1)
