"""What one more place would be worth in a médecin traitant round, for each doctor and for each commune.

Read from the residual graph of the optimal flow: a place more at a doctor lets one unit run from the sink back to the
doctor along a shortest path, so its worth is minus that distance (Bellman-Ford, all arcs at once). It is exact, the
same as solving again with one more place; a test says so.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.doctors.flow import Flows, Network, solve
from services.matching.engine.doctors.hubs import aggregate
from services.matching.engine.doctors.model import AttachmentRound

Ints = npt.NDArray[np.int64]

UNREACHED = np.int64(1) << 60


@dataclass(frozen=True, slots=True)
class PlaceWorth:
    """One more place at a doctor, or in the middle of a commune: the class of the one person more it would let serve
    (empty: nobody more) and the travel it would save to all others, in seconds; negative when others travel more."""

    at: str
    serves: str
    travel_saved_s: int


@dataclass(frozen=True, slots=True)
class Worths:
    """The worth of one more place at each doctor who offers some, and in each commune somebody waits in."""

    by_gp: tuple[PlaceWorth, ...]
    by_commune: tuple[PlaceWorth, ...]


def worth_of_places(around: AttachmentRound) -> Worths:
    """Solve a round, households aside, and price one more place everywhere. A commune takes its best-off patients."""
    if not around.patients:
        return Worths((), ())
    gathered = aggregate(around)
    flows = solve(gathered.network, around.parameters.first_step_journeys)
    step = class_step_s(gathered.network)
    hub_worth, gate_worth = prices(gathered.network, flows, step)
    open_offers = [offer.id for offer in around.offers if offer.places > 0]
    by_commune: dict[str, int] = {}
    for hub, worth in zip(gathered.hubs, hub_worth, strict=True):
        by_commune[hub.commune] = max(by_commune.get(hub.commune, 0), int(worth))
    said = [(gp, int(gate_worth[n])) for n, gp in enumerate(open_offers)]
    return Worths(
        tuple(_said(at, worth, around, step) for at, worth in said),
        tuple(_said(at, worth, around, step) for at, worth in sorted(by_commune.items())),
    )


def class_step_s(network: Network) -> int:
    """A price between classes so large that no sum of journeys is taken for a person.

    Once the counts are proved, the plan is optimal for every larger step too, so it may be priced with this one.
    """
    people = min(int(network.cell_count.sum()), int(network.gate_places[network.gate_parent < 0].sum()) + 1)
    return 2 * (people + 1) * (int(network.arc_travel_s.max(initial=0)) + 1)


def prices(network: Network, flows: Flows, step_s: int) -> tuple[Ints, Ints]:
    """The worth of one more place at no distance of each hub, and of one more place at each gate, in seconds.

    A person of class rank k more is worth `(classes - k) * step_s`, whoever loses their place counted against it.
    """
    tail, head, cost = _residual(network, flows, step_s)
    order = np.argsort(head, kind="stable")
    tail, head, cost = tail[order], head[order], cost[order]
    heads, first = np.unique(head, return_index=True)
    distance = np.full(network.hubs + network.gate_places.size + 1, UNREACHED, np.int64)
    distance[-1] = 0
    while heads.size:
        through = np.where(distance[tail] == UNREACHED, UNREACHED, distance[tail] + cost)
        better = np.minimum(distance[heads], np.minimum.reduceat(through, first))
        if np.array_equal(better, distance[heads]):
            break
        distance[heads] = better
    worth = np.where(distance == UNREACHED, 0, np.maximum(0, -distance))
    return worth[: network.hubs], worth[network.hubs : -1]


def _residual(network: Network, flows: Flows, step_s: int) -> tuple[Ints, Ints, Ints]:
    """The arcs along which one unit may still move: tails, heads, costs. Hubs, then gates, then the sink."""
    sink = network.hubs + network.gate_places.size
    gate = network.hubs + np.arange(network.gate_places.size)
    parent = np.where(network.gate_parent < 0, sink, network.hubs + network.gate_parent)
    through = _through(network, flows)
    arc_gate = network.hubs + network.arc_gate
    penalty = (network.classes - network.cell_class) * step_s
    open_ = network.gate_places > through
    used, taken = flows.arc_flow > 0, through > 0
    served, left = flows.cell_served > 0, flows.cell_served < network.cell_count
    nothing = np.zeros(gate.size, np.int64)
    sinks = np.full(network.cell_hub.size, sink, np.int64)
    parts = (
        (network.arc_hub, arc_gate, network.arc_travel_s),
        (arc_gate[used], network.arc_hub[used], -network.arc_travel_s[used]),
        (gate[open_], parent[open_], nothing[open_]),
        (parent[taken], gate[taken], nothing[taken]),
        (network.cell_hub[served], sinks[served], penalty[served]),
        (sinks[left], network.cell_hub[left], -penalty[left]),
    )
    tail, head, cost = (np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True))
    return tail, head, cost


def _through(network: Network, flows: Flows) -> Ints:
    """People through each gate, inner gates added to their practice."""
    size = network.gate_places.size
    through = np.bincount(network.arc_gate, weights=flows.arc_flow, minlength=size).astype(np.int64)
    inner = np.flatnonzero(network.gate_parent >= 0)
    np.add.at(through, network.gate_parent[inner], through[inner])
    return through


def _said(at: str, worth: int, around: AttachmentRound, step_s: int) -> PlaceWorth:
    """A price in words: so many steps between classes, the rest is travel."""
    steps = round(worth / step_s)
    codes = [of.code for of in around.classes] + [""]
    serves = codes[len(codes) - steps] if steps else ""
    return PlaceWorth(at, serves, worth - steps * step_s)
