"""G. Days on held-out seeds, paired: our default against earliest slot first and a greedy rule with our own cost."""

from services.matching.engine.ahead.policies import CONSENSUS, CONSENSUS_HOLD, DEFAULT_POLICY, STABLE
from tests.bench.engine.letters import Options, aim
from tests.bench.engine.lived import BOUND, EARLIEST, FROZEN, PEERS, Lived, lived, ratios, show
from tests.bench.report import Report

LOADS = (0.5, 0.75, 1.0, 1.25)
AIMS = {1.0: {"P1+P2": 0.65, "all": 1.0, "travel": 0.8}, 1.25: {"P1+P2": 0.5, "all": 1.01}}
STRETCH = {1.0: 0.4, 1.25: 0.25}


def measure(report: Report, options: Options) -> None:
    """Each load, calm then with refusals, cancellations, absences and withdrawn slots; look-ahead and its bounds."""
    for load in (1.0,) if options.quick else LOADS:
        # Look-ahead costs half a minute of processor per day: it is lived where slots lack, on calm days.
        ahead = (CONSENSUS.name, CONSENSUS_HOLD.name) if load in STRETCH and not options.quick else ()
        calm = lived(load, (*PEERS, FROZEN, DEFAULT_POLICY, STABLE.name, *ahead, BOUND), options.simulated)
        _load(report, f"load {load:g}", load, calm)
        # Hindsight knows no mishap in advance, so it is no bound there.
        rough = (*PEERS, FROZEN, DEFAULT_POLICY, STABLE.name)
        _load(report, f"load {load:g}, mishaps", load, lived(load, rough, options.simulated, mishaps=True))


def _load(report: Report, case: str, load: float, days: Lived) -> None:
    show(report, "G", f"{case}, {len(days[EARLIEST])} days", days)
    found = ratios(days[DEFAULT_POLICY], days[EARLIEST])
    for what, limit in AIMS.get(load, {}).items():
        aim(report, "G", f"{what} over {EARLIEST}, {case} (P4 {found['P4']:.2f}x)", found[what], limit)
    for name in (one for one in (CONSENSUS.name, CONSENSUS_HOLD.name) if one in days and load in STRETCH):
        ahead = ratios(days[name], days[EARLIEST])
        what = f"stretch, P1+P2 of {name} over {EARLIEST}, {case} (P4 {ahead['P4']:.2f}x)"
        aim(report, "G", what, ahead["P1+P2"], STRETCH[load])
    # A run whose plan the judge refuses raises, so that reaching this line is the proof.
    report.guarantee(f"G: the judge found no fault in any plan of any policy, {case}", kept=True)
