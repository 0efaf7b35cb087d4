"""Days never used for tuning, lived under several policies; what several benchmarks look at is lived once.

Seeds below 100 serve to build and to compare policies while building. Figures come from seeds 1000 and above only.
"""

import os
import time
from collections.abc import Callable

from services.matching.lab.days.draw import CALM, DaySetting, MishapSetting
from services.matching.lab.figures import Paired, PolicyFigures, everybody, figures, pair, travel, urgent
from services.matching.lab.outcome import DayOutcome
from services.matching.lab.run import Trial, run_cases
from tests.bench.report import Report, progress

FIRST_HELD_OUT = 1000
EARLIEST, SAME_COST, FROZEN, CALLS = "fcfs_early", "fcfs_cost", "batch_30s", "call_3"
BOUND = "clairvoyant"
PEERS = (EARLIEST, SAME_COST)
"""Whom everyone is compared with, day by day: earliest slot first, and a greedy rule with the engine's own cost."""

FEW = 2
"""So few days are lived in one process: starting a second takes longer."""

SAY_EVERY_S = 20.0

Lived = dict[str, tuple[DayOutcome, ...]]
_known: dict[tuple[float, str, int, bool], tuple[DayOutcome, ...]] = {}


def lived(load: float, policies: tuple[str, ...], days: int, *, mishaps: bool = False) -> Lived:
    """The outcomes of each policy on the same held-out days, in order of seed, on two processes; each lived once."""
    missing = tuple(policy for policy in policies if (load, policy, days, mishaps) not in _known)
    if missing:
        progress(f"{days} days at load {load:g}{', mishaps' if mishaps else ''}: {', '.join(missing)}")
        trouble = MishapSetting() if mishaps else CALM
        seeds = range(FIRST_HELD_OUT, FIRST_HELD_OUT + days)
        cases = [Trial(seed, missing, DaySetting(load=load), trouble) for seed in seeds]
        by_day = run_cases(cases, min(2, os.cpu_count() or 1) if days > FEW else 1, _counting(days))
        for policy, outcomes in zip(missing, zip(*by_day, strict=True), strict=True):
            _known[load, policy, days, mishaps] = outcomes
    return {policy: _known[load, policy, days, mishaps] for policy in policies}


def _counting(days: int) -> Callable[[int], None]:
    """Says from time to time how many days are lived."""
    said_at = time.monotonic()

    def say(count: int) -> None:
        nonlocal said_at
        if count < days and time.monotonic() - said_at > SAY_EVERY_S:
            said_at = time.monotonic()
            progress(f"  {count} of {days} days lived")

    return say


def show(report: Report, bench: str, case: str, days: Lived) -> None:
    """One row per policy: who is left without a slot class by class, how far the others travel."""
    for policy, outcomes in days.items():
        report.add(bench=bench, case=case, who=policy, result=said(figures(outcomes)))
        if policy not in {*PEERS, BOUND, CALLS}:
            for peer in (peer for peer in PEERS if peer in days):
                report.add(bench=bench, case=case, who=f"{policy} - {peer}", result=compared(outcomes, days[peer]))


def said(of: PolicyFigures) -> str:
    """The figures of a policy, in words."""
    classes = "/".join(f"{share:.1f}" for share in of.unserved_by_class)
    told = "/".join(f"{minutes:.0f}" for minutes in of.told_after_min)
    return (
        f"unserved P1/P2/P3/P4 {classes} %, P1+P2 {of.unserved_urgent:.2f} %, all {of.unserved:.2f} %"
        f" (hopeless {of.hopeless:.2f}), travel {of.travel_min:.1f} min, told after {told} min"
        + (f", moved {of.moved:.1f} %" if of.moved else "")
    )


def compared(ours: tuple[DayOutcome, ...], theirs: tuple[DayOutcome, ...]) -> str:
    """Paired differences, with their standard errors, and ratios of the pooled figures."""
    parts = [
        f"{name} {_gap(pair(measure, ours, theirs))} {unit}"
        for name, measure, unit in (("P1+P2", urgent, "pt"), ("all", everybody, "pt"), ("travel", travel, "min"))
    ]
    return ", ".join(parts) + "; " + ", ".join(f"{name} {value:.2f}x" for name, value in ratios(ours, theirs).items())


def ratios(ours: tuple[DayOutcome, ...], theirs: tuple[DayOutcome, ...]) -> dict[str, float]:
    """Ours over theirs, pooled over days: P1+P2 unserved, all unserved, travel, and P4, who may pay for it."""
    a, b = figures(ours), figures(theirs)
    pairs = {
        "P1+P2": (a.unserved_urgent, b.unserved_urgent),
        "all": (a.unserved, b.unserved),
        "travel": (a.travel_min, b.travel_min),
        "P4": (a.unserved_by_class[3], b.unserved_by_class[3]),
    }
    return {name: ours_ / theirs_ if theirs_ else float("nan") for name, (ours_, theirs_) in pairs.items()}


def _gap(gap: Paired) -> str:
    return f"{gap.mean:+.2f} ({gap.standard_error:.2f})"
