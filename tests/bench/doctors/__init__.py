"""Choice waves against today's rounds, in drawn CPTS: `aiguillage bench doctors`.

M1 to M14, each with its target and what was found. Seeds are drawn for this command and were never used to choose
anything. M11 (the nation, aggregated), M12 and M13 (the published models) are not measured here and said so.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.matching.engine.doctors.choice.market import plan
from services.matching.engine.doctors.choice.odds import reckon_odds
from services.matching.engine.doctors.choice.wave import WaveParameters, ask
from tests.bench.doctors.lived import Life
from tests.bench.doctors.policies import BELIEFS, believe, both_at_once, choice, greedy_justified, offer_all, today
from tests.bench.doctors.world import STAGES, World, draw
from tests.bench.report import Report, progress

SEEDS, QUICK = tuple(range(101, 111)), (101, 102, 103)
FIRST = 5
"""How many classes come before « Autres »: what the figures of classes count."""
COLUMNS = ("what", "target", "found", "kept")


@dataclass(frozen=True, slots=True)
class Lived:
    """The same world under each policy."""

    world: World
    today: Life
    choice: Life
    both: Life
    justified: Life
    all: Life


def main(argv: list[str]) -> int:
    """Measure; what is missed is printed."""
    parser = argparse.ArgumentParser(prog="aiguillage bench doctors", description=__doc__)
    parser.add_argument("--only", default="", help="which of M1 to M14, separated by commas")
    parser.add_argument("--quick", action="store_true", help="three drawn CPTS in place of ten")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(argv)
    wanted = {each.strip().upper() for each in options.only.split(",") if each.strip()}
    report = bench(QUICK if options.quick else SEEDS, wanted)
    return report.finish(as_json=options.json)


def bench(seeds: Sequence[int], wanted: set[str]) -> Report:
    """Live every world under every policy, then print each measure."""
    report = Report(f"doctors: {len(seeds)} drawn CPTS of 2,600 people and 23 doctors", COLUMNS)
    report.figures["seeds"] = list(seeds)
    lived = []
    for seed in seeds:
        progress(f"CPTS {seed}")
        world = draw(seed)
        lives = (policy(world) for policy in (today, choice, both_at_once, greedy_justified, offer_all))
        lived.append(Lived(world, *lives))
    for name, measure in MEASURES.items():
        if not wanted or name in wanted:
            progress(name)
            for line in measure(lived):
                report.rows.append({"what": f"{name} {line.what}", **dict(zip(COLUMNS[1:], line.said, strict=True))})
                report.figures.setdefault(name, []).append(
                    {"what": line.what, "target": line.target, "found": line.found}
                )
    return report


@dataclass(frozen=True, slots=True)
class Line:
    """One measured value: at least its target, or at most."""

    what: str
    target: float | None
    found: float | None
    most: bool = False
    why: str = ""

    @property
    def said(self) -> tuple[str, str, str]:
        """Its target, what was found, and whether it is kept."""
        if self.found is None or self.target is None:
            return "", "not measured", self.why
        kept = self.found <= self.target if self.most else self.found >= self.target
        return f"{'≤' if self.most else '≥'} {self.target:g}", f"{self.found:.3g}", "yes" if kept else "MISSED"


def ratio(lived: Iterable[Lived], above: Callable[[Lived], float], below: Callable[[Lived], float]) -> float:
    """The ratio of two sums over the worlds."""
    pairs = [(above(each), below(each)) for each in lived]
    return sum(one for one, _ in pairs) / max(1e-9, sum(other for _, other in pairs))


def first_classes(name: str, day: int) -> Callable[[Lived], float]:
    """People of the first classes whom a policy attached by a day."""
    return lambda each: getattr(each, name).attached(day, FIRST)


def everybody(name: str) -> Callable[[Lived], float]:
    """Everybody a policy attached by the end."""
    return lambda each: getattr(each, name).attached(180)


def m1(lived: list[Lived]) -> list[Line]:
    """The first classes at day 40."""
    chosen = first_classes("choice", 40)
    return [
        Line("first classes at day 40, choice / today", 1.25, ratio(lived, chosen, first_classes("today", 40))),
        Line("… / greedy-justified adapted", 1.07, ratio(lived, chosen, first_classes("justified", 40))),
        Line("… / offer all", 2.0, ratio(lived, chosen, first_classes("all", 40))),
    ]


def m2(lived: list[Lived]) -> list[Line]:
    """The first classes at day 20."""
    before, both = first_classes("today", 20), first_classes("both", 20)
    return [
        Line("first classes at day 20, choice / today", 1.6, ratio(lived, first_classes("choice", 20), before)),
        Line("both at once / today", 2.1, ratio(lived, both, before)),
        Line("both at once / greedy-justified adapted", 1.25, ratio(lived, both, first_classes("justified", 20))),
    ]


def m3(lived: list[Lived]) -> list[Line]:
    """Everybody at day 180."""
    chosen = everybody("choice")
    return [
        Line("all at day 180, choice / today", 1.08, ratio(lived, chosen, everybody("today"))),
        Line("… / greedy-justified adapted", 1.10, ratio(lived, chosen, everybody("justified"))),
    ]


def questions(name: str) -> Callable[[Lived], float]:
    """Questions to doctors for each attachment."""
    return lambda each: getattr(each, name).gp_questions / max(1, getattr(each, name).attached(180))


def m4(lived: list[Lived]) -> list[Line]:
    """Questions to doctors."""
    return [
        Line(
            "doctor questions per attachment, choice / today",
            0.75,
            ratio(lived, questions("choice"), questions("today")),
            True,
        ),
        Line("both at once / today", 1.3, ratio(lived, questions("both"), questions("today")), True),
    ]


def m5(lived: list[Lived]) -> list[Line]:
    """Six wrong beliefs."""
    least: dict[int, float] = {}
    for how in BELIEFS:
        lives = [(choice(each.world, believed=believe(each.world, how)), each.today) for each in lived]
        for day in (20, 40, 60, 180):
            gain = float(np.mean([one.attached(day, FIRST) - other.attached(day, FIRST) for one, other in lives]))
            least[day] = min(least.get(day, gain), gain)
    return [Line(f"wrong odds, least mean gain on today at day {day}", 0, found) for day, found in least.items()]


def m6(lived: list[Lived]) -> list[Line]:
    """Who is justly envious."""
    chosen: Callable[[Lived], float] = lambda each: each.choice.envious()  # noqa: E731
    return [
        Line("justly envious, choice / today", 1, ratio(lived, chosen, lambda each: each.today.envious()), True),
        Line("… / greedy-justified adapted", 0.5, ratio(lived, chosen, lambda each: each.justified.envious()), True),
    ]


def m7(lived: list[Lived]) -> list[Line]:
    """How long places stay idle."""
    return [
        Line(
            "idle days per place, choice / today",
            0.5,
            ratio(lived, lambda each: each.choice.idle_days, lambda each: each.today.idle_days),
            True,
        )
    ]


def m8(lived: list[Lived]) -> list[Line]:
    """No place twice, none taken from a higher class."""
    over = sum(int((life.places < 0).sum()) for each in lived for life in (each.choice, each.both))
    taken = sum(count_taken_from_higher(draw(900 + seed, people=400, gps=8)) for seed in range(3))
    return [Line("capacity exceeded", 0, over, True), Line("places taken from a higher class", 0, taken, True)]


def count_taken_from_higher(world: World) -> int:
    """Stages of choice waves after which a class may have fewer people than the plan before allowed."""
    found = 0
    counts: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []

    class Watched(Life):
        """A life that compares the best plan before and after each settlement."""

        def attach(self, pairs: Any, stage: int) -> None:
            """Count the best by class, give the places, count again."""
            nonlocal found
            before = best_by_class(self)
            super().attach(pairs, stage)
            after = best_by_class(self)
            found += bool((np.cumsum(after) < np.cumsum(before)).any())
            counts.append(after)

    choice(world, life=Watched(world))
    assert len(counts) == STAGES
    return found


def best_by_class(life: Life) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many of each class have a place or would in the plan of today."""
    market = life.market
    chosen = plan(market, life.known.open_pairs(market))
    served = np.concatenate([np.flatnonzero(life.pair_of >= 0), market.pair_person[chosen]])
    return np.bincount(market.rank[served], minlength=FIRST + 1).astype(np.int64)


def m9(lived: list[Lived]) -> list[Line]:
    """Doctors who answer twenty names a wave."""
    some = lived[:5]
    limited = replace(WaveParameters(), list_limit=20)
    chosen = sum(choice(each.world, limited).attached(20, 1) for each in some)
    before = sum(today(each.world, list_limit=20).attached(20, 1) for each in some)
    return [Line("twenty names a wave: ALD at day 20, choice / today", 1.3, chosen / max(1, before))]


def m10(_lived: list[Lived]) -> list[Line]:
    """One wave of a whole département."""
    world = draw(77, people=10_400, gps=92)
    life = Life(world)
    began = time.process_time()
    ask(life.market, life.known, reckon_odds(life.counts), WaveParameters(), 1)
    took_s = time.process_time() - began
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Line("one wave of 10,400 × 92, seconds", 10, took_s, True),
        Line("… the whole process, MiB", 400, mib, True),
    ]


def m14(lived: list[Lived]) -> list[Line]:
    """How far the odds are from the truth."""
    errors = []
    for each in lived[:4]:
        life = choice(each.world, stages=4)
        asked = life.counts.gp_asked[:, :FIRST].sum(axis=1) > 0
        truth = each.world.gp_odds[asked, :FIRST]
        found = reckon_odds(life.counts).gp[asked, :FIRST] / 1000
        errors.append((np.sqrt(np.mean((found - truth) ** 2)), np.sqrt(np.mean((0.6 - truth) ** 2))))
    learnt, constant = np.mean(errors, axis=0)
    return [Line("odds: error of doctor then class / constant, day 40", 0.6, float(learnt / constant), True)]


def left_out(what: str, why: str) -> Callable[[list[Lived]], list[Line]]:
    """A measure that is not taken here, and why."""
    return lambda _lived: [Line(what, None, None, why=why)]


MEASURES: dict[str, Callable[[list[Lived]], list[Line]]] = {
    "M1": m1, "M2": m2, "M3": m3, "M4": m4, "M5": m5, "M6": m6, "M7": m7, "M8": m8, "M9": m9, "M10": m10,
    "M11": left_out("nation, one plan and three futures", "waves are not aggregated yet"),
    "M12": left_out("published model B, 1225 × 700", "menus offered upfront are not built"),
    "M13": left_out("published model A, 25 × 25", "menus offered upfront are not built"),
    "M14": m14,
}  # fmt: skip
