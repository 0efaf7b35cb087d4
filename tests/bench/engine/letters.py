"""Which benchmark has which letter. Each is a module with `measure(report, options)`; adding one is adding a line."""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from tests.bench.report import Report, progress

LETTERS = {
    "A": "exactness",
    "B": "abundant",
    "C": "scarce",
    "D": "small",
    "E": "national",
    "F": "events",
    "G": "days",
    "H": "harmless",
    "I": "pooling",
    "J": "fairness",
    "K": "stability",
    "L": "explanations",
}
DAYS, QUICK_DAYS = 30, 2
MINUTES = {"A": 1, "B": 1, "C": 1, "D": 0.5, "E": 4, "F": 0.5, "H": 0.2, "I": 0.5, "J": 1, "K": 0.2, "L": 1}
"""How long each takes about, on two quiet cores."""
MINUTES_OF_30_DAYS = {"G": 24.0}
T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """What the command line asked."""

    quick: bool
    data: Path | None
    days: int = 0
    """Simulated days per load; 0: two in the quick version, else thirty."""

    @property
    def simulated(self) -> int:
        """How many days to simulate per load."""
        return self.days or (QUICK_DAYS if self.quick else DAYS)

    def reference(self, folder: str, file: str) -> Path | None:
        """The folder that has this file: the one given, its subfolder of this name, or that of the reference data."""
        root = os.environ.get("AIGUILLAGE_REFERENCE")
        given = [self.data, self.data / folder] if self.data else []
        beside = [Path(root) / folder] if root else []
        return next((path for path in (*given, *beside) if (path / file).exists()), None)


def minutes(letters: Iterable[str], options: Options) -> float:
    """About how long these take on two quiet cores."""
    return sum(MINUTES.get(one, 0) + MINUTES_OF_30_DAYS.get(one, 0) * options.simulated / DAYS for one in letters)


def run_all(letters: Sequence[str], report: Report, options: Options) -> None:
    """Run these benchmarks, saying which, since when, and about how long the rest takes."""
    began = time.monotonic()
    for n, letter in enumerate(letters):
        so_far = f"{(time.monotonic() - began) / 60:.0f} min"
        left = "" if options.quick else f", about {minutes(letters[n:], options):.0f} to go on two quiet cores"
        progress(f"{letter}: {LETTERS[letter]} ({n + 1} of {len(letters)}, {so_far}{left})")
        import_module(f"tests.bench.engine.{LETTERS[letter]}").measure(report, options)


def aim(report: Report, bench: str, what: str, found: float, limit: float, *, at_least: bool = False) -> None:
    """A figure against what we aimed at: said, never enforced, so that no seed is ever worth choosing."""
    reached = found >= limit if at_least else found <= limit
    said = (
        f"{found:.3g}, aim {'at least' if at_least else 'at most'} {limit:g}: {'reached' if reached else 'NOT REACHED'}"
    )
    report.add(bench=bench, case="aim", who=what, result=said)
    aims = report.figures.setdefault("aims", {})
    aims[f"{bench}: {what}"] = {"found": found, "aim": limit, "at_least": at_least, "reached": reached}


def timed(action: Callable[[], T], repeats: int) -> tuple[float, T]:
    """The median processor seconds of some runs, after one to warm up when several, and what the last one gave."""
    if repeats > 1:
        action()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        result = action()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), result


def shown(seconds: float) -> str:
    """Seconds for people."""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
