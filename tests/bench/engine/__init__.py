"""The engine against what people would pick instead: `aiguillage bench engine [--only A,B]`.

Every time is the median of processor time, so that what else runs on the machine counts little. Peers run in the same
run, HiGHS in a process of its own: OR-Tools cannot share one with it.
A broken guarantee (exactness, never a speed) makes the command fail.
"""

import argparse
from pathlib import Path

from tests.bench.engine.letters import LETTERS, Options, run_all
from tests.bench.report import Report

COLUMNS = ("bench", "case", "who", "median", "against ours", "result")


def main(argv: list[str]) -> int:
    """Run the benchmarks asked for; 1 when one of their guarantees is broken."""
    parser = argparse.ArgumentParser(prog="aiguillage bench engine", description=__doc__)
    parser.add_argument("--only", default="", help=f"letters among {','.join(LETTERS)}")
    parser.add_argument("--data", type=Path, help="folder of OR-Library assignment files with an assignopt.txt, for A")
    parser.add_argument("--quick", action="store_true", help="smaller cases: all of them under 40 s")
    parser.add_argument(
        "--days", type=int, default=0, help="simulated days per load, for G, H, I and K; 30 unless given: half an hour"
    )
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    arguments = parser.parse_args(argv)
    asked = [letter.strip().upper() for letter in arguments.only.split(",") if letter.strip()] or list(LETTERS)
    unknown = [letter for letter in asked if letter not in LETTERS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}: the letters are {', '.join(LETTERS)}")
    report = Report("engine: exactness, speed and explanations", COLUMNS)
    options = Options(quick=arguments.quick, data=arguments.data, days=arguments.days)
    try:
        run_all(asked, report, options)
    finally:
        # What was measured before a failure or a Ctrl-C is worth minutes: it is printed all the same.
        code = report.finish(as_json=arguments.json)
    return code
