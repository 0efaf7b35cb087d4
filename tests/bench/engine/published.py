"""Assignment problems of the OR-Library, against the optima published with them."""

from pathlib import Path

import numpy as np

from services.matching.engine.market.flow import solve_flow
from services.matching.engine.market.network import Network
from tests.bench.engine.letters import shown, timed
from tests.bench.report import Report

OPTIMA = "assignopt.txt"


def published(report: Report, folder: Path) -> None:
    """Solve every problem of a folder whose optimum its `assignopt.txt` gives; a miss breaks a guarantee."""
    optima = published_optima(folder / OPTIMA)
    files = [path for path in sorted(folder.iterdir()) if path.stem in optima]
    if not files:
        raise SystemExit(f"{folder}: no file whose optimum {OPTIMA} gives")
    for path in files:
        network = assignment(path)
        seconds, flow = timed(lambda market_=network: solve_flow(market_), 1)  # type: ignore[misc]
        cost = int(network.arc_cost[flow.arc[flow.arc >= 0]].sum())
        exact = cost == optima[path.stem] and bool((flow.arc >= 0).all())
        result = f"cost {cost}, published {optima[path.stem]}"
        report.add(bench="A", case=path.stem, who="engine", median=shown(seconds), result=result)
        report.guarantee(f"A: {path.stem} solved to its published optimum", kept=exact)


def published_optima(path: Path) -> dict[str, int]:
    """The whole optima of an `assignopt.txt`: a name and a figure on each line."""
    found = {}
    for line in path.read_text().splitlines():
        words = line.split()
        if len(words) == 2 and words[1].isdigit():
            found[words[0]] = int(words[1])
    return found


def assignment(path: Path) -> Network:
    """An OR-Library assignment problem: n, then n x n costs, or n then (row, column, cost) from 1."""
    numbers = np.array(path.read_text().split(), dtype=np.int64)
    n, rest = int(numbers[0]), numbers[1:]
    if len(rest) == n * n:
        request, slot, cost = np.repeat(np.arange(n), n), np.tile(np.arange(n), n), rest
    else:
        request, slot, cost = rest[0::3] - 1, rest[1::3] - 1, rest[2::3]
    order = np.lexsort((slot, cost, request))
    ones = np.ones(n, dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    return Network(np.zeros(n, dtype=np.int64), request[order], slot[order], cost[order], ones, none)
