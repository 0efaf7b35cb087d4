"""One solver on one drawn nation, alone in its process: run this module with NAME SEED SHARE [DATA].

Prints one line of JSON: seconds, peak memory, people served by class, mean travel.
"""

import json
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from tests.bench.engine.memory import peak_mib
from tests.bench.engine.nation import Nation, draw


def ours(nation: Nation) -> dict[str, Any]:
    """The aggregated flow with its certificate."""
    from services.matching.engine.doctors.flow import HubNetwork, solve  # noqa: PLC0415

    commune, rank = np.nonzero(nation.count)
    network = HubNetwork(
        ranks=nation.count.shape[1],
        hubs=nation.count.shape[0],
        cell_hub=commune,
        cell_rank=rank,
        cell_count=nation.count[commune, rank],
        cell_worth_s=np.zeros(rank.size, np.int64),
        arc_hub=nation.arc_commune,
        arc_gate=nation.arc_doctor,
        arc_travel_s=nation.arc_travel_s,
        gate_places=nation.places,
        gate_parent=np.full(nation.places.size, -1, np.int64),
    )
    flows = solve(network)
    return {
        "served": list(flows.served_by_rank),
        "travel_s": int(flows.arc_flow @ network.arc_travel_s),
        "certified": flows.certified,
        "cells": int(commune.size),
        "arcs": int(nation.arc_commune.size + 2 * commune.size + nation.places.size),
    }


def highs(nation: Nation) -> dict[str, Any]:
    """The same model as a linear program, by the dual simplex of HiGHS, with the same step between penalties."""
    import highspy  # noqa: PLC0415

    communes, classes = nation.count.shape
    commune, rank = np.nonzero(nation.count)
    cells, arcs = commune.size, nation.arc_commune.size
    step = 10.0 * (nation.arc_travel_s.max() + 1)
    rows = communes + nation.places.size
    columns = cells + arcs
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns, rows
    # A cell's served people earn the penalty they avoid: columns are people served by cell, then people by arc.
    lp.col_cost_ = np.concatenate([-(classes - rank) * step, nation.arc_travel_s]).astype(np.float64)
    lp.col_lower_ = np.zeros(columns)
    lp.col_upper_ = np.concatenate([nation.count[commune, rank], np.full(arcs, highspy.kHighsInf)]).astype(np.float64)
    lp.row_lower_ = np.concatenate([np.zeros(communes), np.full(nation.places.size, -highspy.kHighsInf)])
    lp.row_upper_ = np.concatenate([np.zeros(communes), nation.places]).astype(np.float64)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate([np.arange(cells), cells + 2 * np.arange(arcs + 1)]).astype(np.int32)
    pairs = np.column_stack([nation.arc_commune, communes + nation.arc_doctor]).ravel()
    lp.a_matrix_.index_ = np.concatenate([commune, pairs]).astype(np.int32)
    lp.a_matrix_.value_ = np.concatenate([np.ones(cells), np.tile([-1.0, 1.0], arcs)])
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(lp)
    solver.run()
    found = np.rint(np.array(solver.getSolution().col_value)).astype(np.int64)
    served = np.bincount(rank, weights=found[:cells], minlength=classes).astype(np.int64)
    return {"served": served.tolist(), "travel_s": int(found[cells:] @ nation.arc_travel_s)}


def by_class(nation: Nation) -> dict[str, Any]:
    """The simple rule: class after class, commune after commune in random order, to the nearest doctor with room."""
    rng = np.random.default_rng(1)
    orders = [(int(c), k) for k in range(nation.count.shape[1]) for c in rng.permutation(nation.count.shape[0])]
    return _greedy(nation, [(c, k, int(nation.count[c, k])) for c, k in orders])


def first_come(nation: Nation) -> dict[str, Any]:
    """First come, first served: people arrive in random order, in groups of up to ten neighbours of one class."""
    rng, arrivals = np.random.default_rng(2), []
    for c, k in zip(*np.nonzero(nation.count), strict=True):
        left = int(nation.count[c, k])
        arrivals += [(int(c), int(k), min(10, left - at)) for at in range(0, left, 10)]
    return _greedy(nation, [arrivals[i] for i in rng.permutation(len(arrivals))])


def _greedy(nation: Nation, arrivals: list[tuple[int, int, int]]) -> dict[str, Any]:
    starts = np.searchsorted(nation.arc_commune, np.arange(nation.count.shape[0] + 1)).tolist()
    doctor, travel, room = nation.arc_doctor.tolist(), nation.arc_travel_s.tolist(), nation.places.tolist()
    served, total = [0] * nation.count.shape[1], 0
    for commune, rank, people in arrivals:
        left = people
        for arc in range(starts[commune], starts[commune + 1]):
            if not left:
                break
            taken = min(left, room[doctor[arc]])
            room[doctor[arc]] -= taken
            left -= taken
            total += taken * travel[arc]
        served[rank] += people - left
    return {"served": served, "travel_s": total}


SOLVERS = {"ours": ours, "highs": highs, "by_class": by_class, "first_come": first_come}


def main(name: str, seed: str, share: str, data: str = "") -> None:
    """Draw, solve, print."""
    nation = draw(int(seed), float(share), Path(data) if data else None)
    start, cpu = perf_counter(), process_time()
    found = SOLVERS[name](nation)
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    memory = peak_mib()
    asked = nation.count.sum(axis=0).tolist()
    print(
        json.dumps(
            {**found, "asked": asked, "seconds": round(seconds, 2), "cpu_s": round(cpu_s, 2), "rss_mib": round(memory)}
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
