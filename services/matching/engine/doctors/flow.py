"""The médecin traitant round as one flow: cells of interchangeable patients, hubs of one commune, gates of practices.

Patients of one commune, one rank, one day of waiting and one set of criteria are interchangeable, so a cell with a
count stands for them all and nothing is lost. A hub gathers the cells that may see the same practices for the same
journeys; a gate is a practice, or a part of its places kept for some patients. A rank is a class and a band.

Serving first by rank needs no exponential weights: the sets of patients who can be served together form a polymatroid,
so decreasing penalties serve the most of rank 1, then of ranks 1 and 2, and so on, if the gap between two exceeds what
is traded within a rank: journeys, and days waited at their price. The counts are compared with the maximum flow of each
prefix of ranks, which is what the words "the best possible" mean, and the gap widens until they agree.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python import max_flow

from services.matching.engine.market.least_cost import (
    FIRST_GAP,
    FlowFailed,
    FlowWiring,
    least_cost_flow,
    refuse_overflow,
    widen_until_proved,
)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HubNetwork:
    """Who may go where, aggregated. Arrays of integers; ranks start at 0, the first to be served.

    `cell_*` has one entry per cell (hub, rank, patients, and what the days that each of them waited are worth, in
    seconds of travel); `arc_*` one per (hub, gate) pair with its travel in seconds; `gate_*` one per gate: the places
    it lets through, and the gate it is a part of (-1: a whole practice).
    """

    ranks: int
    hubs: int
    cell_hub: Ints
    cell_rank: Ints
    cell_count: Ints
    cell_worth_s: Ints
    arc_hub: Ints
    arc_gate: Ints
    arc_travel_s: Ints
    gate_places: Ints
    gate_parent: Ints


@dataclass(frozen=True, slots=True)
class HubFlow:
    """How many of each cell are served and go through each arc; `best_by_rank` is what the maximum flows proved."""

    cell_served: Ints
    arc_flow: Ints
    served_by_rank: tuple[int, ...]
    best_by_rank: tuple[int, ...]
    certified: bool


def solve(network: HubNetwork, first_step_journeys: int = FIRST_GAP) -> HubFlow:
    """Serve the most of each rank in order, then travel and keep waiting least; the answer says whether it was proved.

    Raises `CostsTooLarge` when no safe gap fits in 64 bits, `FlowFailed` when the solver does not reach an optimum.
    """
    best = most_by_rank(network)
    spread = int(network.arc_travel_s.max(initial=0)) + int(network.cell_worth_s.max(initial=0))
    most = min(int(network.cell_count.sum()), int(network.gate_places[network.gate_parent < 0].sum())) + 1
    return widen_until_proved(lambda gap: _solve_at(network, gap, best), spread, most, first_step_journeys)


def most_by_rank(network: HubNetwork) -> tuple[int, ...]:
    """The most patients of each rank that can be served once the ranks before have had the most they can."""
    source, sink = _nodes(network) - 2, _nodes(network) - 1
    hub_of_rank = np.zeros((network.ranks, network.hubs), np.int64)
    np.add.at(hub_of_rank, (network.cell_rank, network.cell_hub), network.cell_count)
    tail, head, room = _share_arcs(network, sink)
    solver = max_flow.SimpleMaxFlow()
    hubs = np.arange(network.hubs)
    from_source = solver.add_arcs_with_capacity(
        np.full(network.hubs, source, np.int32), hubs.astype(np.int32), hubs * 0
    )
    solver.add_arcs_with_capacity(tail.astype(np.int32), head.astype(np.int32), room)
    most = [0]
    for rank, asked in enumerate(np.cumsum(hub_of_rank, axis=0)):
        if not hub_of_rank[rank].any():
            most.append(most[-1])
            continue
        solver.set_arcs_capacity(from_source, asked)
        status = solver.solve(source, sink)
        if status != solver.OPTIMAL:
            raise FlowFailed(f"the flow solver answered {status!r}, not OPTIMAL")
        most.append(int(solver.optimal_flow()))
    return tuple(int(gain) for gain in np.diff(most))


def _nodes(network: HubNetwork) -> int:
    """Hubs, gates, then the source of the maximum flows and the sink."""
    return network.hubs + network.gate_places.size + 2


def _share_arcs(network: HubNetwork, sink: int) -> tuple[Ints, Ints, Ints]:
    """The arcs from hubs to the sink, first those of the network in order: tails, heads, room."""
    first_gate = network.hubs
    waiting = _waiting(network)
    tail = np.concatenate([network.arc_hub, np.arange(network.gate_places.size) + first_gate])
    through = np.where(network.gate_parent < 0, sink, network.gate_parent + first_gate)
    head = np.concatenate([network.arc_gate + first_gate, through])
    # An arc is as wide as its hub, not as its practice: else the price of a practice seen by one commune is wrong.
    room = np.concatenate([waiting[network.arc_hub], network.gate_places])
    return tail, head, room


def _waiting(network: HubNetwork) -> Ints:
    """Patients of each hub."""
    return np.bincount(network.cell_hub, weights=network.cell_count, minlength=network.hubs).astype(np.int64)


def _solve_at(network: HubNetwork, gap: int, best: tuple[int, ...]) -> HubFlow:
    """One minimum cost flow with penalties that fall by `gap` from rank to rank.

    The patients of a hub leave it by its arcs to doctors, or by one arc per cell to the sink at the penalty of its rank
    and of its days: those left out are then the last ranks of the hub, the latest first; cells need no node.
    """
    sink, cells = _nodes(network) - 1, network.cell_hub.size
    refuse_overflow(gap * network.ranks + int(network.cell_worth_s.max(initial=0)), _nodes(network))
    tail, head, room = _share_arcs(network, sink)
    leaving = (network.ranks - network.cell_rank) * gap + network.cell_worth_s
    wiring = FlowWiring(
        tail=np.concatenate([network.arc_hub, network.cell_hub, tail[network.arc_hub.size :]]),
        head=np.concatenate([head[: network.arc_hub.size], np.full(cells, sink), head[network.arc_hub.size :]]),
        cost=np.concatenate([network.arc_travel_s, leaving, np.zeros(network.gate_places.size, np.int64)]),
        capacity=np.concatenate([room[: network.arc_hub.size], network.cell_count, room[network.arc_hub.size :]]),
        nodes=_nodes(network),
    )
    used = least_cost_flow(wiring, _waiting(network), network.arc_hub.size + cells)
    served = network.cell_count - used[network.arc_hub.size :]
    by_rank = np.zeros(network.ranks, np.int64)
    np.add.at(by_rank, network.cell_rank, served)
    counts = tuple(int(count) for count in by_rank)
    return HubFlow(served, used[: network.arc_hub.size], counts, best, counts == best)
