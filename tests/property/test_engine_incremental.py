"""The warm matcher is as optimal as solving again, whatever happens in whatever order."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.market.bulk import match
from services.matching.engine.market.flow import flow_of_least_cost, penalties
from services.matching.engine.market.incremental import Matcher
from services.matching.engine.market.network import IntArray, Network

PENALTY = 1000
KINDS = ["request", "request", "slot", "slot", "cancel", "commit", "withdraw", "place"]
thorough = settings(max_examples=100, deadline=None)


def solved_again(matcher: Matcher, alive: list[int]) -> int:
    arcs = [(n, s, c) for n, r in enumerate(alive) for c, s in zip(matcher.costs[r], matcher.slots[r], strict=True)]
    request, slot, cost = (np.array([arc[k] for arc in arcs], dtype=np.int64) for k in range(3))
    none = np.zeros(0, dtype=np.int64)
    places = np.array(matcher.places, dtype=np.int64)
    network = Network(np.zeros(len(alive), dtype=np.int64), request, slot, cost, places, none)
    penalty = np.array([matcher.penalty[r] for r in alive], dtype=np.int64)
    arc = flow_of_least_cost(network, penalty)
    return int(cost[arc[arc >= 0]].sum() + penalty[arc < 0].sum())


def costs_of(data: st.DataObject, count: int) -> list[tuple[int, int]]:
    drawn = data.draw(st.lists(st.tuples(st.integers(0, 30), st.integers(0, max(0, count - 1))), max_size=4))
    return sorted({which: cost for cost, which in drawn}.items(), key=lambda pair: pair[1]) if count else []


@thorough
@given(st.data())
def test_after_every_event_the_plan_costs_what_solving_again_costs(data: st.DataObject) -> None:
    matcher, alive = Matcher(), []
    for _ in range(data.draw(st.integers(1, 25))):
        kind = data.draw(st.sampled_from(KINDS))
        if kind == "request":
            arcs = costs_of(data, len(matcher.places))
            penalty = PENALTY * data.draw(st.integers(1, 3))
            alive.append(matcher.add_request([cost for _, cost in arcs], [slot for slot, _ in arcs], penalty))
        elif kind == "slot":
            askers = [(alive[which], cost) for which, cost in costs_of(data, len(alive))]
            matcher.add_slot(data.draw(st.integers(0, 3)), askers)
        elif kind == "cancel" and alive:
            matcher.remove_request(alive.pop(data.draw(st.integers(0, len(alive) - 1))))
        elif kind == "commit" and any(matcher.slot[r] >= 0 for r in alive):
            served = data.draw(st.sampled_from([r for r in alive if matcher.slot[r] >= 0]))
            alive.remove(served)
            matcher.commit(served)
        elif kind == "withdraw" and any(matcher.places):
            matcher.take_place(data.draw(st.sampled_from([s for s, p in enumerate(matcher.places) if p])))
        elif kind == "place" and matcher.places:
            matcher.add_place(data.draw(st.integers(0, len(matcher.places) - 1)))
        assert matcher.cost() == solved_again(matcher, alive)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 8))
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, m - 1)), unique=True, max_size=40))
    arcs = sorted((r, draw(st.integers(0, 50)), s) for r, s in pairs)
    request, cost, slot = (np.array([arc[k] for arc in arcs], dtype=np.int64) for k in range(3))
    rank = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)), dtype=np.int64)
    places = np.array(draw(st.lists(st.integers(0, 3), min_size=m, max_size=m)), dtype=np.int64)
    return Network(rank, request, slot, cost, places, np.zeros(0, dtype=np.int64))


@thorough
@given(networks(), st.sampled_from([60, 1000]))
def test_matching_by_paths_costs_what_the_flow_costs(network: Network, gap: int) -> None:
    penalty = penalties(network, gap)

    def cost(arc: IntArray) -> int:
        return int(network.arc_cost[arc[arc >= 0]].sum() + penalty[arc < 0].sum())

    arc = match(network, penalty)
    if arc is None:
        wanted = set(network.arc_slot.tolist())
        assert sum(int(network.places[slot]) for slot in wanted) < len(network.rank)
    else:
        assert cost(arc) == cost(flow_of_least_cost(network, penalty))
