"""E. The country without family doctors: certified, against HiGHS, first come first served and greedy by class.

Each solver runs alone in its own process, which tells its memory; CPU seconds are compared, since a shared machine
makes wall seconds lie. In the quick version one twentieth of the country.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.engine.letters import Options, shown
from tests.bench.report import Report

SEED = 1
MOST_CPU_S, MOST_MIB, FASTER = 30.0, 400, 2.5


def measure(report: Report, options: Options) -> None:
    """Solve, compare, count who is left by class."""
    share = 0.05 if options.quick else 1.0
    folder = options.reference("data")
    data = folder if folder and (folder / "communes.csv").exists() else None
    names = ("ours", "highs", "by_class") if options.quick else ("ours", "highs", "by_class", "first_come")
    found = {name: alone(name, share, data) for name in names}
    ours = found["ours"]
    people, where = sum(ours["asked"]), "real communes" if data else "drawn communes"
    case = f"{people:,} people, {ours['cells']:,} cells, {ours['arcs']:,} arcs, {where}"
    for name, one in found.items():
        ratio = f"{one['cpu_s'] / ours['cpu_s']:.3g}x"
        report.add(
            bench="E", case=case, who=name, median=shown(one["cpu_s"]), result=_said(one), **{"against ours": ratio}
        )
    report.guarantee("E: certified class by class", kept=ours["certified"])
    same = (ours["served"], ours["travel_s"]) == (found["highs"]["served"], found["highs"]["travel_s"])
    report.guarantee("E: same counts and same travel as HiGHS", kept=same)
    if not options.quick:
        _aims(report, ours, found["highs"])


def alone(name: str, share: float, data: Path | None) -> dict[str, Any]:
    """Run one solver in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.engine.nation_solve", name, str(SEED), str(share)]
    root = Path(__file__).parents[3]
    done = subprocess.run([*command, *([str(data)] if data else [])], cwd=root, check=True, capture_output=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _said(one: dict[str, Any]) -> str:
    left = [asked - served for asked, served in zip(one["asked"], one["served"], strict=True)]
    minutes = one["travel_s"] / max(1, sum(one["served"])) / 60
    served = f"{sum(one['served']):,} served, left by class {left}, {minutes:.2f} min"
    return f"{served}, {one['seconds']:.3g} s of wall, {one['rss_mib']} MiB"


def _aims(report: Report, ours: dict[str, Any], highs: dict[str, Any]) -> None:
    found = (
        ("CPU seconds", ours["cpu_s"], MOST_CPU_S, ours["cpu_s"] <= MOST_CPU_S),
        ("MiB", ours["rss_mib"], MOST_MIB, ours["rss_mib"] <= MOST_MIB),
        ("times faster than HiGHS", highs["cpu_s"] / ours["cpu_s"], FASTER, highs["cpu_s"] >= FASTER * ours["cpu_s"]),
    )
    for what, value, aim, reached in found:
        said = "reached" if reached else "NOT REACHED"
        report.add(bench="E", case="target", who="ours", result=f"{what}: {value:.3g}, aim {aim:g}: {said}")
