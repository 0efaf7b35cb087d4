"""Which benchmark has which letter. Each is a module with `measure(report, options)`; adding one is adding a line."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from tests.bench.report import Report

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
T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """What the command line asked."""

    quick: bool
    data: Path | None
    days: int = 0
    """Simulated days per load; 0: as many as each benchmark wants."""

    def reference(self, folder: str) -> Path | None:
        """The folder given, or else this one of the reference data when they stand beside the checkout."""
        root = os.environ.get("AIGUILLAGE_REFERENCE")
        return self.data or (Path(root) / folder if root else None)


def run(letter: str, report: Report, options: Options) -> None:
    """Run one benchmark."""
    import_module(f"tests.bench.engine.{LETTERS[letter]}").measure(report, options)


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
