"""What people would pick instead, on the same arrays: each answers (seconds, unserved by rank, cost)."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import lap
import networkx
import numpy as np
import scipy.sparse
from ortools.graph.python import min_cost_flow
from ortools.linear_solver.python import model_builder_helper
from ortools.sat.python import cp_model
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from services.matching.engine.market.network import IntArray, Network

Answer = tuple[float, list[int], int]
Peer = Callable[[Network, IntArray], Answer]


def answer(network: Network, seconds: float, arcs: IntArray) -> Answer:
    """Put the arcs used into the common form."""
    served = np.zeros(len(network.rank), dtype=bool)
    served[network.arc_request[arcs]] = True
    unserved = np.bincount(network.rank[~served], minlength=int(network.rank.max()) + 1)
    return seconds, unserved.tolist(), int(network.arc_cost[arcs].sum())


def raw_flow(network: Network, penalty: IntArray) -> Answer:
    """OR-Tools SimpleMinCostFlow, bulk arcs, no proof."""
    start = time.process_time()
    n, m, sink = len(network.rank), len(network.places), len(network.rank) + len(network.places)
    solver = min_cost_flow.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([network.arc_request, np.arange(n), n + np.arange(m)]).astype(np.int32),
        np.concatenate([n + network.arc_slot, np.full(n + m, sink)]).astype(np.int32),
        np.concatenate([np.ones(len(network.arc_request) + n, dtype=np.int64), network.places]),
        np.concatenate([network.arc_cost, penalty, np.zeros(m, dtype=np.int64)]),
    )
    solver.set_nodes_supplies(np.append(np.arange(n), sink).astype(np.int32), np.append(np.ones(n, dtype=np.int64), -n))
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("the flow was not optimal")
    flows = solver.flows(np.arange(len(network.arc_request), dtype=np.int32))
    return answer(network, time.process_time() - start, np.nonzero(flows)[0])


def _matrix(network: Network) -> scipy.sparse.csc_matrix:
    """One row per request and per slot, one column per arc and per request left out."""
    n, m, arcs = len(network.rank), len(network.places), len(network.arc_request)
    rows = np.concatenate([network.arc_request, np.arange(n), n + network.arc_slot])
    columns = np.concatenate([np.arange(arcs + n), np.arange(arcs)])
    return scipy.sparse.csc_matrix((np.ones(len(rows)), (rows, columns)), shape=(n + m, arcs + n))


def glop(network: Network, penalty: IntArray) -> Answer:
    """The linear programme by GLOP (OR-Tools)."""
    start = time.process_time()
    n, arcs = len(network.rank), len(network.arc_request)
    model = model_builder_helper.ModelBuilderHelper()
    lower = np.concatenate([np.ones(n), np.zeros(len(network.places))])
    upper = np.concatenate([np.ones(n), network.places.astype(float)])
    cost = np.concatenate([network.arc_cost, penalty]).astype(float)
    zeros, ones = np.zeros(arcs + n), np.ones(arcs + n)
    model.fill_model_from_sparse_data(zeros, ones, cost, lower, upper, _matrix(network).tocsr())  # type: ignore[arg-type]
    solver = model_builder_helper.ModelSolverHelper("glop")
    solver.solve(model)
    values = np.asarray(solver.variable_values())[:arcs]
    return answer(network, time.process_time() - start, np.nonzero(values > 0.5)[0])


def highs(network: Network, penalty: IntArray) -> Answer:
    """The linear programme by the simplex of HiGHS, in its own process; only building and solving are counted."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "market.npz"
        np.savez(
            path,
            rank=network.rank,
            arc_request=network.arc_request,
            arc_slot=network.arc_slot,
            arc_cost=network.arc_cost,
            places=network.places,
            penalty=penalty,
        )
        command = [sys.executable, str(Path(__file__).with_name("highs_alone.py")), str(path)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer(network, found["seconds"], np.array(found["arcs"], dtype=np.int64))


def scipy_sparse(network: Network, penalty: IntArray) -> Answer:
    """scipy's min_weight_full_bipartite_matching, one dummy column per request."""
    start = time.process_time()
    n, m = len(network.rank), len(network.places)
    rows = np.concatenate([network.arc_request, np.arange(n)])
    columns = np.concatenate([network.arc_slot, m + np.arange(n)])
    # It takes no zero: every cost is raised by one, which every plan pays n times.
    weights = np.concatenate([network.arc_cost, penalty]) + 1.0
    chosen = min_weight_full_bipartite_matching(scipy.sparse.csr_matrix((weights, (rows, columns)), shape=(n, m + n)))[
        1
    ]
    seconds = time.process_time() - start
    return answer(network, seconds, np.nonzero(network.arc_slot == chosen[network.arc_request])[0])


def lapx(network: Network, penalty: IntArray) -> Answer:
    """lapx's lapmod (sparse Jonker-Volgenant) on the square graph it needs."""
    start = time.process_time()
    n, m = len(network.rank), len(network.places)
    rows = np.concatenate([network.arc_request, np.arange(n), n + np.arange(m), n + network.arc_slot])
    columns = np.concatenate([network.arc_slot, m + np.arange(n), np.arange(m), m + network.arc_request])
    free = np.zeros(m + len(network.arc_slot), dtype=np.int64)
    weights = np.concatenate([network.arc_cost, penalty, free]).astype(float)
    order = np.lexsort((columns, rows))
    starts = np.searchsorted(rows[order], np.arange(n + m + 1)).astype(np.int32)
    chosen = lap.lapmod(n + m, weights[order], starts, columns[order].astype(np.int32), return_cost=False)[0]
    seconds = time.process_time() - start
    return answer(network, seconds, np.nonzero(network.arc_slot == chosen[network.arc_request])[0])


def networkx_simplex(network: Network, penalty: IntArray) -> Answer:
    """networkx's network simplex."""
    start = time.process_time()
    n = len(network.rank)
    graph = networkx.DiGraph()
    graph.add_node("sink", demand=n)
    for request, cost in enumerate(penalty.tolist()):
        graph.add_node(request, demand=-1)
        graph.add_edge(request, "sink", capacity=1, weight=cost)
    for slot, places in enumerate(network.places.tolist()):
        graph.add_edge(("slot", slot), "sink", capacity=places, weight=0)
    arcs = list(zip(network.arc_request.tolist(), network.arc_slot.tolist(), network.arc_cost.tolist(), strict=True))
    graph.add_edges_from((r, ("slot", s), {"capacity": 1, "weight": c}) for r, s, c in arcs)
    flows = networkx.network_simplex(graph)[1]
    used = [number for number, (request, slot, _) in enumerate(arcs) if flows[request][("slot", slot)]]
    return answer(network, time.process_time() - start, np.array(used, dtype=np.int64))


def cp_sat(network: Network, penalty: IntArray) -> Answer:
    """CP-SAT with the linear relaxation it needs here, one worker."""
    start = time.process_time()
    n, arcs = len(network.rank), len(network.arc_request)
    model = cp_model.CpModel()
    taken = [model.new_bool_var("") for _ in range(arcs)]
    out = [model.new_bool_var("") for _ in range(n)]
    of_request: list[list[cp_model.IntVar]] = [[one] for one in out]
    of_slot: list[list[cp_model.IntVar]] = [[] for _ in network.places]
    for variable, request, slot in zip(taken, network.arc_request, network.arc_slot, strict=True):
        of_request[request].append(variable)
        of_slot[slot].append(variable)
    for variables in of_request:
        model.add_exactly_one(variables)
    for variables, places in zip(of_slot, network.places.tolist(), strict=True):
        model.add(sum(variables) <= places)
    weights = [*network.arc_cost.tolist(), *penalty.tolist()]
    model.minimize(cp_model.LinearExpr.weighted_sum([*taken, *out], weights))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.linearization_level = 1, 2
    solver.parameters.max_time_in_seconds = 120
    solver.solve(model)
    used = [number for number, variable in enumerate(taken) if solver.boolean_value(variable)]
    return answer(network, time.process_time() - start, np.array(used, dtype=np.int64))
