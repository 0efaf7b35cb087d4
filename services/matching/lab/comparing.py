"""One lived day, as it was and with one thing changed: what a page asks of a worker, day after day."""

from collections.abc import Sequence

import numpy as np

from services.matching.lab.changes import Supposition, change_day
from services.matching.lab.days.day import Day
from services.matching.lab.outcome import DayOutcome
from services.matching.lab.run import run_day


def compare(day: Day, change: Supposition, history: Sequence[Day] = (), seed: int = 0) -> tuple[DayOutcome, DayOutcome]:
    """The day under the change's policy without the change, then with it. The same seed gives the same answer."""
    changed = change_day(day, change, np.random.default_rng([seed, 5]))
    before, after = (run_day(each, (change.policy,), history, seed)[0] for each in (day, changed))
    return before, after
