"""Who comes before whom, and penalties that outweigh even what was not looked at."""

from itertools import combinations

import numpy as np
import pytest

from services.matching.engine.model import Practitioner, Urgency
from services.matching.engine.sameday.solve import decide
from services.matching.engine.sameday.table import Table
from tests.unit.matching.test_core_solve import a_request, a_slot, an_instance, pairs

BY_RANK = (
    {"urgency": Urgency.P4, "notified": "s"},
    {"urgency": Urgency.P4, "forced": "s"},
    {"urgency": Urgency.P1},
    {"urgency": Urgency.P2},
    {"urgency": Urgency.P3},
    {"urgency": Urgency.P4},
)


@pytest.mark.parametrize(("better", "worse"), list(combinations(range(len(BY_RANK)), 2)))
def test_the_better_rank_has_the_only_slot_whatever_it_costs(better: int, worse: int) -> None:
    first = a_request("first", km=14, **BY_RANK[better])
    other = a_request("other", habitual="g", **BY_RANK[worse])
    assert pairs(an_instance([other, first], [a_slot("s")])) == {"first": "s"}


def test_one_of_a_better_class_is_not_given_up_for_two_of_a_worse() -> None:
    # The P2 can only have the near slot, and then neither P3 can move on to the far one.
    urgent = a_request("urgent", Urgency.P2, km=14)
    together = a_request("together", Urgency.P3, party=2)
    assert pairs(an_instance([together, urgent], [a_slot("s", places=2)])) == {"urgent": "s"}


def test_sending_someone_elsewhere_drops_nobody_who_was_told() -> None:
    # The one to be moved was told a slot too, but the new one is a wish, and belongs to somebody.
    sent = a_request("sent", notified="own", forced="theirs")
    kept = a_request("kept", Urgency.P4, km=14, notified="theirs", forbidden=frozenset({"own"}))
    assert pairs(an_instance([sent, kept], [a_slot("own"), a_slot("theirs")], kappa_s=0)) == {"kept": "theirs"}


def test_who_was_promised_a_place_has_it_over_the_week_cap_the_whole_household() -> None:
    capped = Practitioner("g", served_this_week=20, week_cap=20)
    told = a_request("told", Urgency.P4, notified="s", party=2)
    asking = a_request("asking", Urgency.P1)
    assert pairs(an_instance([told, asking], [a_slot("s", places=3)], capped)) == {"told": "s"}


def test_penalties_outweigh_a_cost_that_no_pair_of_the_round_has_yet() -> None:
    instance = an_instance([a_request("r"), a_request("out")], [a_slot("s")])
    root = decide(instance, dearest=10**7).round.root
    assert root is not None
    assert root.flow.penalty.min() - root.flow.gap >= 10**7


@pytest.mark.parametrize("nearest_k", [1, 2])
def test_penalties_outweigh_pairs_that_were_not_listed_for_every_member_of_a_household(nearest_k: int) -> None:
    slots = [a_slot("near", places=3), a_slot("middle", km=6, places=3), a_slot("far", km=13, starts=14_400, places=3)]
    instance = an_instance([a_request("family", party=3), a_request("r")], slots, nearest_k=nearest_k)
    decided = decide(instance)
    assert decided.round.root is not None
    block = Table(instance).block(np.arange(2))
    assert block.allowed.all()
    flow = decided.round.root.flow
    assert flow.penalty.min() - flow.gap >= 3 * int(block.cost.max())


def test_a_pair_left_out_of_the_lists_is_found_when_everybody_is_better_off_with_it() -> None:
    # All three have a slot among their two nearest, the third a far one; a third slot for one of the others is better.
    requests = [a_request("a"), a_request("b"), a_request("c", km=1, forbidden=frozenset({"home", "behind"}))]
    slots = [a_slot("home"), a_slot("near", km=1), a_slot("behind", km=-3), a_slot("far", km=14)]
    short = an_instance(requests, slots, nearest_k=2, fairness_beta_s=0)
    assert pairs(short)["c"] == "near"
    assert set(pairs(short).values()) == {"home", "near", "behind"}
