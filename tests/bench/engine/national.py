"""E. The country without family doctors: certified, against HiGHS, first come first served and greedy by class.

Each solver runs alone in its own process, which tells its memory; CPU seconds are compared, since a shared machine
makes wall seconds lie. In the quick version one twentieth of the country.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.engine.letters import Options, aim, shown
from tests.bench.report import Report

SEED = 1
MOST_CPU_S, MOST_MIB, FASTER = 30.0, 400, 2.5


def measure(report: Report, options: Options) -> None:
    """Solve, compare, count who is left by class."""
    share = 0.05 if options.quick else 1.0
    data = options.reference("data", "communes.csv")
    found = {name: alone(name, share, data) for name in ("ours", "highs", "by_class", "first_come")}
    ours = found["ours"]
    case = described(ours, data)
    for name, one in found.items():
        ratio = f"{one['cpu_s'] / ours['cpu_s']:.3g}x"
        report.add(
            bench="E", case=case, who=name, median=shown(one["cpu_s"]), result=_said(one), **{"against ours": ratio}
        )
    report.guarantee("E: certified class by class", kept=ours["certified"])
    report.guarantee("E: same counts and same travel as HiGHS", kept=same_plan(ours, found["highs"]))
    _highest_left(report, case, found)
    if not options.quick:
        _aims(report, ours, found["highs"])


def described(ours: dict[str, Any], data: Path | None) -> str:
    """What was solved."""
    where = "real communes" if data else "drawn communes"
    return f"{sum(ours['asked']):,} people, {ours['cells']:,} cells, {ours['arcs']:,} arcs, {where}"


def same_plan(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether two solvers served as many of each class, over the same distance."""
    return (ours["served"], ours["travel_s"]) == (theirs["served"], theirs["travel_s"])


def alone(name: str, share: float, data: Path | None) -> dict[str, Any]:
    """Run one solver in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.engine.nation_solve", name, str(SEED), str(share)]
    root = Path(__file__).parents[3]
    done = subprocess.run([*command, *([str(data)] if data else [])], cwd=root, check=True, capture_output=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def left_by_class(one: dict[str, Any]) -> list[int]:
    """People without a doctor, the class served first coming first."""
    return [asked - served for asked, served in zip(one["asked"], one["served"], strict=True)]


def _said(one: dict[str, Any]) -> str:
    minutes = one["travel_s"] / max(1, sum(one["served"])) / 60
    served = f"{sum(one['served']):,} served, left by class {left_by_class(one)}, {minutes:.2f} min"
    return f"{served}, {one['seconds']:.3g} s of wall, {one['rss_mib']} MiB"


def _highest_left(report: Report, case: str, found: dict[str, dict[str, Any]]) -> None:
    """The two classes served first, against the rules people would use."""
    left = {name: left_by_class(one) for name, one in found.items()}
    for rank, name in enumerate(("first class (ALD)", "second class (pregnancy)")):
        said = ", ".join(f"{who} {counts[rank]:,}" for who, counts in left.items() if who != "highs")
        report.add(bench="E", case=case, who=f"left without, {name}", result=said)


def _aims(report: Report, ours: dict[str, Any], highs: dict[str, Any]) -> None:
    aim(report, "E", "CPU seconds", ours["cpu_s"], MOST_CPU_S)
    aim(report, "E", "MiB", ours["rss_mib"], MOST_MIB)
    aim(report, "E", "times faster than HiGHS", highs["cpu_s"] / ours["cpu_s"], FASTER, at_least=True)
