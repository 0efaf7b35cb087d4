"""Laws of options, prices and explanations: what they foretell is what solving again finds."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.model import Instance, Plan, Point, Request, Urgency
from services.matching.engine.sameday.explain import PLACE, apply, explain
from services.matching.engine.sameday.recommend import options, price_list
from services.matching.engine.sameday.solve import solve
from services.matching.engine.sameday.worth import PlacePrice, by_commune, by_practitioner, place_prices
from tests.property.engine_instances import instances, requests, unserved_by_rank

thorough = settings(max_examples=50, deadline=None)


def without_caps(instance: Instance) -> Instance:
    return replace(instance, practitioners=tuple(replace(one, week_cap=None) for one in instance.practitioners))


def value(instance: Instance, plan: Plan) -> tuple[tuple[int, ...], int]:
    return unserved_by_rank(instance, {one.request for one in plan.assignments}), plan.cost


@thorough
@given(instances(most_requests=6), st.data())
def test_the_first_option_is_the_one_that_costs_everybody_least(instance: Instance, data: st.DataObject) -> None:
    instance = without_caps(instance)
    request = replace(data.draw(requests(99, len(instance.slots), parties=False)), forced="", notified="")
    shown = options(instance, request, k=10)
    chosen = {}
    for option in shown:
        forced = replace(request, forced=option.slot)
        everybody = replace(instance, requests=(*instance.requests, forced))
        plan = solve(everybody)
        if any(one.request == request.id for one in plan.assignments):
            chosen[option.slot] = value(everybody, plan)
    if shown and shown[0].slot in chosen:
        assert chosen[shown[0].slot] == min(chosen.values())
    before = value(instance, solve(instance))
    for option in shown:
        if option.slot in chosen and chosen[option.slot][0] == before[0]:
            assert chosen[option.slot][1] == before[1] + option.cost.total + option.price
            assert option.leaves_out is None


@thorough
@given(instances(most_requests=6), st.data())
def test_prices_computed_once_give_the_same_options(instance: Instance, data: st.DataObject) -> None:
    request = data.draw(requests(99, len(instance.slots), parties=True))
    assert options(instance, request, 3, prices=price_list(instance)) == options(instance, request, 3)


@thorough
@given(instances(parties=True, most_requests=6))
def test_the_nearest_and_the_earliest_are_always_shown(instance: Instance) -> None:
    for request in instance.requests:
        shown = options(instance, request, k=1)
        tags = [tag for option in shown for tag in option.tags]
        assert not shown or ("nearest" in tags and "earliest" in tags)


@thorough
@given(instances(most_requests=7))
def test_a_change_foretold_by_prices_serves_when_solved_again(instance: Instance) -> None:
    plan = explain(instance, solve(instance), check=False)
    for one in plan.unmatched:
        request = next(asked for asked in instance.requests if asked.id == one.request)
        for change in one.relaxations:
            changed = apply(instance, request, change)
            again = solve(changed)
            served = one.request in {assignment.request for assignment in again.assignments}
            # For one more place two people may tie: then the other one has it.
            assert served or (change.kind == PLACE and value(changed, again)[0] < value(instance, plan)[0])


@thorough
@given(instances(parties=True, most_requests=6))
def test_a_change_that_was_checked_serves(instance: Instance) -> None:
    for one in explain(instance, solve(instance)).unmatched:
        request = next(asked for asked in instance.requests if asked.id == one.request)
        for change in one.relaxations:
            again = solve(apply(instance, request, change))
            assert one.request in {assignment.request for assignment in again.assignments}, change


@thorough
@given(instances(parties=True, most_requests=7))
def test_every_unmatched_request_has_a_reason(instance: Instance) -> None:
    for one in solve(instance).unmatched:
        assert sum(count for _, count in one.blockers) > 0


@thorough
@given(instances(most_requests=7), st.data())
def test_the_price_of_a_place_is_what_one_more_place_saves(instance: Instance, data: st.DataObject) -> None:
    instance = without_caps(instance)
    full = data.draw(st.sets(st.sampled_from([slot.id for slot in instance.slots])))
    # Nobody can have been told a slot, or given one by a person, that is full.
    asked = tuple(replace(r, notified="", forced="") if full & {r.notified, r.forced} else r for r in instance.requests)
    emptied = tuple(replace(slot, places=0) if slot.id in full else slot for slot in instance.slots)
    instance = replace(instance, requests=asked, slots=emptied)
    offered = replace(instance, slots=tuple(slot for slot in emptied if slot.places))
    before = value(instance, solve(instance))
    prices = place_prices(offered, [slot for slot in emptied if not slot.places])
    assert {price.slot for price in prices} == {slot.id for slot in emptied}
    for price in prices:
        slots = tuple(replace(s, places=s.places + 1) if s.id == price.slot else s for s in emptied)
        wider = replace(instance, slots=slots)
        after = value(wider, solve(wider))
        assert (price.saves > 0) == (after < before)
        assert (price.serves is not None) == (after[0] != before[0])
        if after[0] == before[0]:
            assert price.saves == before[1] - after[1]


def test_the_most_precious_place_is_named_for_each_practitioner_and_each_commune() -> None:
    prices = [
        PlacePrice("g1", "s1", 10, "48095"),
        PlacePrice("g1", "s2", 900, "48001"),
        PlacePrice("g2", "s3", 50, "48095"),
        PlacePrice("g2", "s4", 70),
    ]
    assert [(one.practitioner, one.slot) for one in by_practitioner(prices)] == [("g1", "s2"), ("g2", "s4")]
    assert [(one.commune, one.slot) for one in by_commune(prices)] == [("48001", "s2"), ("48095", "s3")]


def test_where_there_is_no_slot_nobody_is_blocked_and_nobody_served() -> None:
    plan = solve(Instance(0, (Request("r0", Urgency.P1, Point(45, 4), 0, 10, 0, 0),), ()))
    assert [(one.request, one.blockers) for one in plan.unmatched] == [("r0", ())]
    assert plan.certified
