"""G. Days on held-out seeds, paired: our default against earliest slot first and a greedy rule with our own cost."""

from services.matching.core.policies import CONSENSUS, CONSENSUS_HOLD, DEFAULT_POLICY, STABLE
from tests.bench.engine.letters import Options
from tests.bench.engine.lived import EARLIEST, FROZEN, QUICK, QUICK_DAYS, SAME_COST, Lived, lived, ratios, show, target
from tests.bench.report import Report

DAYS = 30
PEERS = (EARLIEST, SAME_COST, FROZEN)
BOUND = "clairvoyant"
AHEAD = (CONSENSUS.name, STABLE.name)
AIMS = {1.0: {"P1+P2": 0.65, "all": 1.0, "travel": 0.8}, 1.25: {"P1+P2": 0.5, "all": 1.01}}
STRETCH = {1.0: 0.4, 1.25: 0.25}


def measure(report: Report, options: Options) -> None:
    """Each load, calm then with refusals, cancellations, absences and withdrawn slots; look-ahead where slots lack."""
    if options.quick:
        _load(report, 1.0, QUICK, QUICK_DAYS)
        return
    for load in (0.5, 0.75, 1.0, 1.25):
        held = (CONSENSUS_HOLD.name,) if load in STRETCH else ()
        _load(report, load, (*PEERS, DEFAULT_POLICY, *AHEAD, *held, BOUND), options.days or DAYS)
        rough = lived(load, (EARLIEST, SAME_COST, DEFAULT_POLICY, *AHEAD), options.days or DAYS, mishaps=True)
        show(report, "G", f"load {load:g}, mishaps, {options.days or DAYS} days", rough)
        _aims(report, load, rough, " with mishaps")


def _load(report: Report, load: float, policies: tuple[str, ...], days: int) -> None:
    calm = lived(load, policies, days)
    show(report, "G", f"load {load:g}, {days} days", calm)
    _aims(report, load, calm, "")
    # A run whose plan the judge refuses raises, so that reaching this line is the proof.
    report.guarantee(f"G: the judge found no fault in any plan of any policy, load {load:g}", kept=True)


def _aims(report: Report, load: float, days: Lived, how: str) -> None:
    found = ratios(days[DEFAULT_POLICY], days[EARLIEST])
    for what, limit in AIMS.get(load, {}).items():
        target(report, "G", f"{what} over {EARLIEST}, load {load:g}{how}", found[what], limit)
    for name in {CONSENSUS.name, CONSENSUS_HOLD.name} & days.keys() if load in STRETCH else ():
        ahead = ratios(days[name], days[EARLIEST])["P1+P2"]
        target(report, "G", f"P1+P2 of {name} over {EARLIEST}, load {load:g}{how}", ahead, STRETCH[load])
