"""The médecin traitant round as one flow: cells of interchangeable patients, hubs of one commune, gates of practices.

Patients of one commune, one class and one set of criteria are interchangeable, so a cell with a count stands for
them all and nothing is lost. A hub gathers the cells that may see the same practices for the same journeys; a gate
is a practice, or a part of its places kept for some patients. Serving first by class needs no exponential weights:
the sets of patients who can be served together form a polymatroid, so any decreasing penalties whose steps exceed
the journeys traded against them serve the most of class 1, then of classes 1 and 2, and so on. The step starts at a
few journeys; the counts are then compared with the maximum flow of each prefix of classes, which is what the words
"the best possible" mean, and the step is widened until they agree.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python import max_flow, min_cost_flow

Ints = npt.NDArray[np.int64]

FIRST_STEP_JOURNEYS = 10
WIDEN = 8
LARGEST = 2**63 - 1


class FlowTooLarge(ArithmeticError):
    """The costs of this round do not fit in 64 bits: shorten the longest journey allowed, or split the round."""


class SolverFailed(RuntimeError):
    """The flow solver ended without an optimum; its answer was not read, and the round may be tried again."""


@dataclass(frozen=True, slots=True)
class Network:
    """Who may go where, aggregated. Arrays of integers; ranks of classes start at 0, the first to be served.

    `cell_*` has one entry per cell (hub, class rank, patients); `arc_*` one per (hub, gate) pair with its travel in
    seconds; `gate_*` one per gate: the places it lets through, and the gate it is a part of (-1: a whole practice).
    """

    classes: int
    hubs: int
    cell_hub: Ints
    cell_class: Ints
    cell_count: Ints
    arc_hub: Ints
    arc_gate: Ints
    arc_travel_s: Ints
    gate_places: Ints
    gate_parent: Ints


@dataclass(frozen=True, slots=True)
class Flows:
    """How many of each cell are served and go through each arc; `best_by_class` is what the maximum flows proved."""

    cell_served: Ints
    arc_flow: Ints
    served_by_class: tuple[int, ...]
    best_by_class: tuple[int, ...]
    certified: bool
    step_s: int
    solves: int
    travel_s: int


def solve(network: Network, first_step_journeys: int = FIRST_STEP_JOURNEYS) -> Flows:
    """Serve the most of each class in order, then travel least; the answer says whether it was proved.

    Raises FlowTooLarge when no safe step fits in 64 bits, SolverFailed when the solver does not reach an optimum.
    """
    best = most_by_class(network)
    longest = int(network.arc_travel_s.max(initial=0)) + 1
    enough = min(int(network.cell_count.sum()), int(network.gate_places[network.gate_parent < 0].sum())) * longest + 1
    step, solves = min(first_step_journeys * longest, enough), 0
    while True:
        solves += 1
        flows = _solve_once(network, step, best, solves)
        if flows.certified or step >= enough:
            return flows
        step = min(step * WIDEN, enough)


def most_by_class(network: Network) -> tuple[int, ...]:
    """The most patients of each class that can be served once the classes before have had the most they can."""
    source, sink = _nodes(network) - 2, _nodes(network) - 1
    hub_of_class = np.zeros((network.classes, network.hubs), np.int64)
    np.add.at(hub_of_class, (network.cell_class, network.cell_hub), network.cell_count)
    tail, head, room = _shared_arcs(network, sink)
    solver = max_flow.SimpleMaxFlow()
    hubs = np.arange(network.hubs)
    from_source = solver.add_arcs_with_capacity(
        np.full(network.hubs, source, np.int32), hubs.astype(np.int32), hubs * 0
    )
    solver.add_arcs_with_capacity(tail.astype(np.int32), head.astype(np.int32), room)
    most = [0]
    for asked in np.cumsum(hub_of_class, axis=0):
        solver.set_arcs_capacity(from_source, asked)
        if solver.solve(source, sink) != solver.OPTIMAL:
            raise SolverFailed
        most.append(int(solver.optimal_flow()))
    return tuple(int(gain) for gain in np.diff(most))


def _nodes(network: Network) -> int:
    """Hubs, gates, then the source of the maximum flows and the sink."""
    return network.hubs + network.gate_places.size + 2


def _shared_arcs(network: Network, sink: int) -> tuple[Ints, Ints, Ints]:
    """The arcs from hubs to the sink, first those of the network in order: tails, heads, room."""
    first_gate = network.hubs
    waiting = _waiting(network)
    tail = np.concatenate([network.arc_hub, np.arange(network.gate_places.size) + first_gate])
    through = np.where(network.gate_parent < 0, sink, network.gate_parent + first_gate)
    head = np.concatenate([network.arc_gate + first_gate, through])
    # An arc is as wide as its hub, not as its practice: else the price of a practice seen by one commune is wrong.
    room = np.concatenate([waiting[network.arc_hub], network.gate_places])
    return tail, head, room


def _waiting(network: Network) -> Ints:
    """Patients of each hub."""
    return np.bincount(network.cell_hub, weights=network.cell_count, minlength=network.hubs).astype(np.int64)


def _solve_once(network: Network, step: int, best: tuple[int, ...], solves: int) -> Flows:
    """One minimum cost flow with penalties that fall by `step` from class to class.

    The patients of a hub leave it by its arcs to doctors, or by one arc per cell to the sink at the penalty of the
    cell's class: those left out are then always the last classes of the hub, and cells need no node of their own.
    """
    sink, cells = _nodes(network) - 1, network.cell_hub.size
    if step * network.classes > LARGEST // (4 * (_nodes(network) + 3)):
        raise FlowTooLarge
    tail, head, room = _shared_arcs(network, sink)
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32),
        head.astype(np.int32),
        room,
        np.concatenate([network.arc_travel_s, np.zeros(network.gate_places.size, np.int64)]),
    )
    leaving = solver.add_arcs_with_capacity_and_unit_cost(
        network.cell_hub.astype(np.int32),
        np.full(cells, sink, np.int32),
        network.cell_count,
        (network.classes - network.cell_class) * step,
    )
    waiting = _waiting(network)
    solver.set_nodes_supplies(np.arange(network.hubs, dtype=np.int32), waiting)
    solver.set_node_supply(sink, -int(waiting.sum()))
    if solver.solve() != solver.OPTIMAL:
        raise SolverFailed
    arc_flow = np.asarray(solver.flows(arcs[: network.arc_hub.size]), np.int64)
    served = network.cell_count - np.asarray(solver.flows(leaving), np.int64)
    by_class = np.zeros(network.classes, np.int64)
    np.add.at(by_class, network.cell_class, served)
    counts = tuple(int(count) for count in by_class)
    travel = int((arc_flow * network.arc_travel_s).sum())
    return Flows(served, arc_flow, counts, best, counts == best, step, solves, travel)
