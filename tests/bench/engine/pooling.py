"""I. What sharing the slots of a territory changes, against patients who each call their three nearest practices.

It depends on the model: how people call and where practices stand are drawn. No merit of the code.
"""

from services.matching.engine.ahead.policies import DEFAULT_POLICY
from tests.bench.engine.letters import Options
from tests.bench.engine.lived import CALLS, EARLIEST, lived, show
from tests.bench.report import Report


def measure(report: Report, options: Options) -> None:
    """Calling three practices, earliest slot first, our default."""
    for load in (1.0,) if options.quick else (0.5, 1.0):
        days = lived(load, (CALLS, EARLIEST, DEFAULT_POLICY), options.simulated)
        show(report, "I", f"load {load:g}, model-dependent", days)
