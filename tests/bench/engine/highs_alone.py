"""HiGHS on one market, in a process without OR-Tools: `python highs_alone.py market.npz`, the answer as JSON."""

import json
import sys
import time

import highspy
import numpy as np


def main(path: str) -> None:
    """Build the linear programme column by column, solve it by the simplex, print the arcs used and the seconds."""
    data = np.load(path)
    start = time.process_time()
    request, slot, penalty, places = data["arc_request"], data["arc_slot"], data["penalty"], data["places"]
    n, arcs = len(penalty), len(request)
    programme = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = arcs + n, n + len(places)
    programme.col_cost_ = np.concatenate([data["arc_cost"], penalty]).astype(float)
    programme.col_lower_, programme.col_upper_ = np.zeros(arcs + n), np.ones(arcs + n)
    programme.row_lower_ = np.concatenate([np.ones(n), np.zeros(len(places))])
    programme.row_upper_ = np.concatenate([np.ones(n), places.astype(float)])
    programme.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    programme.a_matrix_.start_ = np.concatenate([2 * np.arange(arcs), 2 * arcs + np.arange(n + 1)])
    both = np.stack([request, n + slot], axis=1).ravel()
    programme.a_matrix_.index_ = np.concatenate([both, np.arange(n)])
    programme.a_matrix_.value_ = np.ones(2 * arcs + n)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("solver", "simplex")
    solver.passModel(programme)
    solver.run()
    values = np.array(solver.getSolution().col_value)[:arcs]
    seconds = time.process_time() - start
    print(json.dumps({"seconds": seconds, "arcs": np.nonzero(values > 0.5)[0].tolist()}))


main(sys.argv[1])
