"""The machinery of exactness alone: penalties, the gap that grows, the proof, its bounds; each against trying all."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.market.bulk import NotProved, match, prove
from services.matching.engine.market.flow import (
    flow_of_least_cost,
    penalties,
    solve_flow,
    spread,
)
from services.matching.engine.market.least_cost import FIRST_GAP, CostsTooLarge, FlowFailed
from services.matching.engine.market.network import UNSERVED, IntArray, Network
from services.matching.engine.market.proof import counts_are_best
from services.matching.engine.model import Instance
from services.matching.engine.sameday.households import gap_of, search
from services.matching.engine.sameday.order import sort_instance
from services.matching.engine.sameday.round import RoundSolver
from services.matching.engine.sameday.table import Table
from tests.property.engine_instances import instances

thorough = settings(max_examples=100, deadline=None)
RANKS = 4


def ints(*values: int) -> IntArray:
    return np.array(values, dtype=np.int64)


def a_network(rank: list[int], arcs: list[tuple[int, int, int]], places: list[int], **more: object) -> Network:
    """Arcs as (request, slot, cost)."""
    arcs = sorted(arcs, key=lambda arc: (arc[0], arc[2], arc[1]))
    request, slot, cost = (ints(*(arc[k] for arc in arcs)) for k in range(3))
    return replace(Network(ints(*rank), request, slot, cost, ints(*places), ints()), **more)  # type: ignore[arg-type]


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Few people of four ranks, slots of up to two places, costs of either sign, practitioners with caps or none."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, m - 1)), unique=True, min_size=n))
    arcs = [(r, s, draw(st.integers(-30, 60))) for r, s in pairs]
    rank = draw(st.lists(st.integers(0, RANKS - 1), min_size=n, max_size=n))
    places = draw(st.lists(st.integers(0, 2), min_size=m, max_size=m))
    if draw(st.booleans()):
        return a_network(rank, arcs, places)
    steps = draw(st.lists(st.lists(st.integers(0, 40), max_size=3), min_size=2, max_size=2))
    group = draw(st.lists(st.integers(0, 1), min_size=m, max_size=m))
    costs = tuple(np.cumsum(ints(*of_group)) for of_group in steps)
    return a_network(rank, arcs, places, group=ints(*group), group_costs=costs)


def plans(network: Network) -> Iterator[IntArray]:
    """Every plan that places and caps allow."""
    n, m = len(network.rank), len(network.places)
    for plan in product(*([UNSERVED, *network.arc_slot[network.arc_request == r].tolist()] for r in range(n))):
        slot = ints(*plan)
        taken = np.bincount(slot[slot >= 0], minlength=m)
        caps = [int(taken[network.group == g].sum()) <= len(c) for g, c in enumerate(network.group_costs)]
        if (taken <= network.places).all() and all(caps):
            yield slot


def unserved(network: Network, slot: IntArray) -> tuple[int, ...]:
    return tuple(np.bincount(network.rank[slot == UNSERVED], minlength=RANKS).tolist())


def value(network: Network, slot: IntArray) -> tuple[tuple[int, ...], int]:
    """People left out by rank, then cost with the practitioners' margins."""
    cost = {(r, s): c for r, s, c in zip(network.arc_request, network.arc_slot, network.arc_cost, strict=True)}
    total = sum(int(cost[r, s]) for r, s in enumerate(slot) if s >= 0)
    for number, steps in enumerate(network.group_costs):
        total += int(steps[: int((network.group[slot[slot >= 0]] == number).sum())].sum())
    return unserved(network, slot), total


@thorough
@given(networks())
def test_a_flow_is_the_best_of_all_plans_and_proved(network: Network) -> None:
    flow = solve_flow(network)
    assert value(network, flow.slot) == min(value(network, slot) for slot in plans(network))
    assert flow.certified


@thorough
@given(networks(), st.data())
def test_the_proof_holds_for_the_best_counts_and_for_no_others(network: Network, data: st.DataObject) -> None:
    every = list(plans(network))
    best = min(unserved(network, slot) for slot in every)
    slot = data.draw(st.sampled_from(every))
    assert counts_are_best(network, slot) == (unserved(network, slot) == best)
    # Rank by rank too: what serves most of a rank is of no use if a better rank pays for it.
    served = max(every, key=lambda one: int((one >= 0).sum()))
    assert counts_are_best(network, served) == (unserved(network, served) == best)


def test_a_place_free_at_a_practitioner_who_is_full_is_won_by_freeing_another_of_theirs() -> None:
    arcs = [(0, 0, 5), (1, 1, 5)]
    network = a_network([1, 0], arcs, [1, 1], group=ints(0, 0), group_costs=(ints(0),))
    assert not counts_are_best(network, ints(0, UNSERVED))
    assert counts_are_best(network, ints(UNSERVED, 1))
    elsewhere = a_network([0, 0], [*arcs, (0, 2, 9)], [1, 1, 1], group=ints(0, 0, 1), group_costs=(ints(0), ints(0)))
    assert not counts_are_best(elsewhere, ints(0, UNSERVED))
    assert counts_are_best(elsewhere, ints(2, 1))


def test_a_slot_that_is_full_is_not_won_by_freeing_another_of_the_same_practitioner() -> None:
    arcs = [(0, 0, 5), (1, 1, 5), (2, 0, 5)]
    network = a_network([0, 1, 0], arcs, [1, 1], group=ints(0, 0), group_costs=(ints(0, 0),))
    assert counts_are_best(network, ints(0, 1, UNSERVED))


def a_chain(shifts: int, cost: int) -> Network:
    """Each has a slot for nothing; the last to come, of the lowest rank, is served only if all move on, at a cost."""
    arcs = [(n, n, 0) for n in range(shifts)] + [(n, n + 1, cost) for n in range(shifts)] + [(shifts, 0, 0)]
    return a_network([0] * shifts + [1], arcs, [1] * (shifts + 1))


@pytest.mark.parametrize("shifts", [2, FIRST_GAP - 1, FIRST_GAP + 2, 50, 300])
@pytest.mark.parametrize("capped", [False, True])
def test_no_number_of_detours_outweighs_one_person(shifts: int, *, capped: bool) -> None:
    network = a_chain(shifts, 100)
    if capped:
        steps = (np.zeros(shifts + 1, dtype=np.int64),)
        network = replace(network, group=np.zeros(shifts + 1, dtype=np.int64), group_costs=steps)
    flow = solve_flow(network)
    assert flow.certified
    assert flow.slot.tolist() == [*range(1, shifts + 1), 0]
    # Found out by the proof, not by starting so wide that every solve pays for it.
    assert (flow.gap > FIRST_GAP * 101) == (shifts > FIRST_GAP)


def test_the_widest_gap_is_what_all_who_can_be_served_and_one_more_could_cost() -> None:
    network = a_chain(300, 100)
    assert solve_flow(network).gap == 302 * 101 + 1
    # Those without a place to hope for change nothing.
    hopeless = replace(network, rank=np.append(network.rank, np.full(500, 2)))
    assert solve_flow(hopeless).gap == 302 * 101 + 1


@pytest.mark.parametrize("gap", [1, 500])
def test_penalties_fall_by_a_gap_from_rank_to_rank_and_stay_above_every_pair(gap: int) -> None:
    steps = (ints(0, 70), ints(5))
    network = a_network(
        [0, 3, 7, 3], [(0, 0, -40), (1, 0, 90)], [2, 1], group=ints(0, 1), group_costs=steps, lowest=-300, highest=2000
    )
    assert spread(network) == 2300 + 70
    found = penalties(network, gap)
    assert (found[0] - found[1], found[1] - found[2], found[1] - found[3]) == (gap, gap, 0)
    # Leaving someone out for good must cost more than any pair, listed or not, at any load of the practitioner.
    assert found.min() - gap >= 2000 + 70
    assert penalties(replace(network, highest=0), gap).min() - gap >= 90 + 70


def test_a_person_is_served_however_dear_the_only_pair() -> None:
    arcs = [(0, 0, -5000), (1, 1, 5000), (2, 1, 4990)]
    assert solve_flow(a_network([1, 2, 3], arcs, [1, 1])).slot.tolist() == [0, 1, UNSERVED]
    steps = (ints(0, 9000),)
    capped = a_network([0, 0], [(0, 0, 1), (1, 1, 1)], [1, 1], group=ints(0, 0), group_costs=steps)
    assert solve_flow(capped).slot.tolist() == [0, 1]


@pytest.mark.parametrize(
    "network",
    [
        a_network([0, 1, 2, 3], [(n, n, 2**54 * (n % 2)) for n in range(4)], [1] * 4),
        a_network([0], [(0, 0, 16 * 10**16)], [1]),
        a_network([0] * 12, [(n, n, 2**60) for n in range(12)], [1] * 12),
        a_network([0], [(0, 0, -(2**61)), (0, 1, 0)], [1, 1]),
        a_network([0], [(0, 0, 1)], [1], group=ints(0), group_costs=(ints(2**59),)),
        a_network([0], [(0, 0, 1)], [1], highest=2**60),
        a_network([0, 0], [(0, 0, 0), (1, 0, 2**45)], [1] * 50_000),
    ],
    ids=["ranks", "one", "a gap beyond 64 bits", "negative", "practitioners", "unlisted", "long paths"],
)
def test_what_could_leave_64_bits_is_refused_before_it_is_solved(network: Network) -> None:
    with pytest.raises(CostsTooLarge):
        solve_flow(network)


def test_nothing_is_read_of_a_solve_that_is_not_optimal() -> None:
    network = a_network([0, 1], [(0, 0, 5), (1, 0, 9)], [1])
    with pytest.raises(FlowFailed, match="BAD_COST_RANGE"):
        flow_of_least_cost(network, ints(2**62, 2**61))


CONTESTED = a_network([0, 0, 1], [(0, 0, 5), (0, 1, 9), (1, 0, 5)], [1, 1])
PENALTY, ARC = ints(100, 100, 50), ints(1, 2, UNSERVED)


def test_prices_that_prove_a_plan_are_accepted() -> None:
    prove(CONTESTED, PENALTY, ARC, ints(4, 0), ints(9, 9, 50))


@pytest.mark.parametrize(
    ("network", "penalty", "price", "worth"),
    [
        (CONTESTED, PENALTY, ints(3, 0), ints(9, 8, 50)),
        (CONTESTED, PENALTY, ints(4, 0), ints(9, 8, 50)),
        (CONTESTED, ints(100, 8, 50), ints(4, 0), ints(9, 9, 50)),
        (CONTESTED, PENALTY, ints(4, 0), ints(9, 9, 49)),
        (CONTESTED, PENALTY, ints(4, -1), ints(8, 9, 50)),
        (replace(CONTESTED, places=ints(0, 1)), PENALTY, ints(4, 0), ints(9, 9, 50)),
        (replace(CONTESTED, places=ints(2, 1)), PENALTY, ints(4, 0), ints(9, 9, 50)),
    ],
    ids=["a better pair", "not its price", "dearer than out", "out at less", "negative", "overfull", "room at a price"],
)
def test_each_way_a_price_can_lie_is_seen(
    network: Network, penalty: IntArray, price: IntArray, worth: IntArray
) -> None:
    with pytest.raises(NotProved):
        prove(network, penalty, ARC, price, worth)


def test_practitioners_with_caps_are_never_matched_by_paths_alone() -> None:
    capped = replace(CONTESTED, group=ints(0, 0), group_costs=(ints(0),), rank=ints(0, 0, 1))
    assert match(capped, PENALTY) is None
    assert (solve_flow(capped).slot >= 0).sum() == 1


@thorough
@given(instances(parties=True, most_requests=6), st.integers(1, 4))
def test_a_search_cut_short_claims_no_more_than_it_knows(instance: Instance, most: int) -> None:
    round_ = RoundSolver(Table(sort_instance(instance)), instance.parameters.nearest_k)
    best, cut = search(round_.relax, round_.sizes).plan.value, search(round_.relax, round_.sizes, most)
    assert cut.bound <= best <= cut.plan.value
    proved, gap = gap_of(cut)
    assert proved <= (cut.plan.unserved == best[0])
    assert not proved or cut.plan.cost - gap <= best[1]
