"""How tense a territory is, in four levels: a few measured parameters, each with its points, and the sum explained.

After the OPEL framework of NHS England (2024): each parameter gives 0 to 3 points, the sum gives the level. Which
thresholds give which points, from how many points a level begins and what is done then are data (`tension.toml`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.coordination.core.broken import Broken
from services.coordination.core.measures import GENERAL_PRACTITIONER
from services.coordination.core.rows import read_decimal
from services.coordination.core.year import Happened

WAITING = frozenset({"open", "proposed", "escalated", "unserved"})
DAY, WEEK, AHEAD = timedelta(days=1), timedelta(days=7), timedelta(hours=4)
WEEKS = 4
LOOKS_BACK = WEEKS * WEEK + DAY
"""How far back facts are needed."""
LEVELS = 4


@dataclass(frozen=True, slots=True)
class TensionPoint:
    """One parameter: what was measured (None: nothing to measure), and its points."""

    code: str
    measured: float | None
    points: int


@dataclass(frozen=True, slots=True)
class TensionLevel:
    """The level, 1 (calm) to 4, with the points that make it."""

    level: int
    points: tuple[TensionPoint, ...]

    @property
    def total(self) -> int:
        """The sum of the points."""
        return sum(each.points for each in self.points)


@dataclass(frozen=True, slots=True)
class TensionRules:
    """Thresholds by parameter (at least so much gives so many points), and from how many points each level begins."""

    thresholds: Mapping[str, tuple[tuple[float, int], ...]]
    begins: tuple[int, ...]
    actions: tuple[tuple[str, ...], ...]


def read_rules(given: Mapping[str, Any]) -> tuple[TensionRules, list[Broken]]:
    """Rules as they are written, and what is wrong with them."""
    broken: list[Broken] = []
    thresholds = {}
    parameters = given.get("parameters")
    for code, steps in parameters.items() if isinstance(parameters, Mapping) else ():
        if code not in MEASURED:
            broken.append(Broken(f"parameters.{code}", "not_one_of", {"found": code, "expected": ", ".join(MEASURED)}))
        thresholds[code] = _steps(f"parameters.{code}", steps, broken)
    levels = given.get("levels")
    rows = levels if isinstance(levels, list) else []
    begins = [row["from"] for row in rows if isinstance(row, Mapping) and isinstance(row.get("from"), int)]
    if len(rows) != LEVELS or len(begins) != LEVELS or 0 not in begins:
        broken.append(Broken("levels", "not_a_list"))
    elif sorted(set(begins)) != begins:
        broken.append(Broken("levels", "levels_order"))
    actions = tuple(tuple(map(str, row.get("actions") or ())) for row in rows if isinstance(row, Mapping))
    return TensionRules(thresholds, tuple(begins), actions), broken


def weigh(happened: Happened, rules: TensionRules, now: datetime) -> TensionLevel:
    """The level of a territory at an instant, by its own clocks; `happened` goes back `LOOKS_BACK` at least."""
    points = []
    for code, steps in rules.thresholds.items():
        measured = MEASURED[code](happened, now)
        given = [] if measured is None else [worth for least, worth in steps if measured >= least]
        points.append(TensionPoint(code, measured, max(given, default=0)))
    total = sum(each.points for each in points)
    level = max(number for number, begin in enumerate(rules.begins, start=1) if total >= begin)
    return TensionLevel(level, tuple(points))


def _waiting(urgencies: Sequence[int]) -> Callable[[Happened, datetime], float]:
    def count(happened: Happened, now: datetime) -> float:
        return sum(
            each.state in WAITING and each.urgency in urgencies and now - DAY < each.submitted_at <= now
            for each in happened.requests
        )

    return count


def _oldest(happened: Happened, now: datetime) -> float:
    """For how many minutes the first P1 or P2 of the day has waited."""
    since = [
        each.submitted_at
        for each in happened.requests
        if each.state in WAITING and each.urgency <= 2 and now - DAY < each.submitted_at <= now
    ]
    return (now - min(since)).total_seconds() / 60 if since else 0


def _lack(happened: Happened, now: datetime) -> float | None:
    """Expected requests of the next four hours for each free place then; None when none is expected."""
    expected = sum(
        now - n * WEEK <= each.submitted_at < now - n * WEEK + AHEAD
        for each in happened.requests
        for n in range(1, WEEKS + 1)
    )
    free = sum(
        max(0, each.capacity - each.taken)
        for each in happened.slots
        if each.status == "published" and now < each.starts_at <= now + AHEAD
    )
    return expected / WEEKS / max(1, free) if expected else None


def _absent(happened: Happened, now: datetime) -> float | None:
    """The share of general practitioners who opened places on this weekday at least twice lately and none today."""
    gps = {each.id for each in happened.members if each.profession == GENERAL_PRACTITIONER}
    days = {
        (each.practitioner_id, (now.date() - each.starts_at.astimezone(now.tzinfo).date()).days)
        for each in happened.slots
    }
    usual = Counter(who for who, ago in days if who in gps and ago > 0 and ago % WEEK.days == 0)
    expected = {who for who, times in usual.items() if times >= 2}
    here = {who for who, ago in days if ago == 0}
    return 100 * len(expected - here) / len(expected) if expected else None


def _no_shows(happened: Happened, now: datetime) -> float | None:
    """The share of appointments of the last week that nobody came to."""
    ended = [each.state for each in happened.requests if now - WEEK < each.submitted_at <= now]
    came, missed = ended.count("honoured"), ended.count("no_show")
    return 100 * missed / (came + missed) if came + missed else None


MEASURED: Mapping[str, Callable[[Happened, datetime], float | None]] = {
    "p1_waiting": _waiting((1,)),
    "p2_waiting": _waiting((2,)),
    "oldest_minutes": _oldest,
    "expected_per_place": _lack,
    "gps_absent_percent": _absent,
    "no_show_percent": _no_shows,
}


def _steps(path: str, steps: object, broken: list[Broken]) -> tuple[tuple[float, int], ...]:
    found = []
    for at, pair in enumerate(steps if isinstance(steps, list) else []):
        read = [read_decimal(each) for each in pair] if isinstance(pair, list | tuple) else []
        if len(read) != 2 or read[0] is None or read[1] is None:
            broken.append(Broken(f"{path}.{at}", "not_a_step", {"found": pair}))
        else:
            found.append((float(read[0]), int(read[1])))
    return tuple(sorted(found))
