"""Laws of the engine, on instances small enough to try every plan."""

from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.matching.engine.files import dumps, loads
from services.matching.engine.model import Instance, Plan
from services.matching.engine.sameday.costs import cost_of
from services.matching.engine.sameday.judge import faults
from services.matching.engine.sameday.rules import blockers
from services.matching.engine.sameday.solve import solve
from services.matching.engine.sameday.table import Table
from tests.property.engine_instances import best_by_enumeration, instances, renamed, slots, unserved_by_rank

thorough = settings(max_examples=70, deadline=None)


def value(instance: Instance, plan: Plan) -> tuple[tuple[int, ...], int]:
    return unserved_by_rank(instance, {one.request for one in plan.assignments}), plan.cost


@thorough
@given(instances())
def test_the_plan_is_the_best_of_all_plans(instance: Instance) -> None:
    plan = solve(instance)
    assert value(instance, plan) == best_by_enumeration(instance)
    assert plan.certified
    assert plan.gap == 0


@thorough
@given(instances(parties=True))
def test_the_plan_is_the_best_of_all_plans_with_households(instance: Instance) -> None:
    plan = solve(instance)
    assert value(instance, plan) == best_by_enumeration(instance)
    assert plan.certified
    assert plan.gap == 0


@thorough
@given(instances(parties=True, most_requests=8, most_slots=6))
def test_no_plan_has_faults(instance: Instance) -> None:
    assert faults(instance, solve(instance)) == ()


@thorough
@given(instances(most_requests=8, most_slots=6))
def test_arrays_say_what_the_rules_and_costs_say_of_each_pair(instance: Instance) -> None:
    table = Table(instance)
    block = table.block(np.arange(len(instance.requests)))
    for row, request in enumerate(instance.requests):
        for column, slot in enumerate(instance.slots):
            assert block.allowed[row, column] == (not any(blockers(instance, request, slot)))
            if block.allowed[row, column]:
                assert block.cost[row, column] == cost_of(instance, request, slot).total
        counted = {
            b: sum(b in set(blockers(instance, request, s)) for s in instance.slots) for b in table.count_blockers(row)
        }
        assert table.count_blockers(row) == counted


@thorough
@given(instances(parties=True, most_requests=8), st.data())
def test_one_more_slot_never_serves_fewer_class_by_class(instance: Instance, data: st.DataObject) -> None:
    one_more = data.draw(slots(len(instance.slots)))
    # A practitioner with no other slot would change the loads the others are measured from.
    one_more = replace(one_more, practitioner=instance.slots[0].practitioner)
    wider = replace(instance, slots=(*instance.slots, one_more))
    before, after = solve(instance), solve(wider)
    assert value(wider, after)[0] <= value(instance, before)[0]


@thorough
@given(instances(parties=True, most_requests=8))
def test_renaming_and_reordering_change_nothing(instance: Instance) -> None:
    slot_content = {replace(one, id="") for one in instance.slots}
    assume(len(slot_content) == len(instance.slots))
    assume(len({replace(one, id="") for one in instance.requests}) == len(instance.requests))
    plan, other = solve(instance), solve(renamed(instance, "x"))
    assert value(instance, plan) == value(renamed(instance, "x"), other)
    pairs = {("x" + one.request[::-1], "x" + one.slot[::-1]) for one in plan.assignments}
    assert pairs == {(one.request, one.slot) for one in other.assignments}


@thorough
@given(instances(parties=True))
def test_the_same_instance_gives_the_same_plan(instance: Instance) -> None:
    assert solve(instance) == solve(instance)


@thorough
@given(instances(parties=True))
def test_files_give_back_what_they_were_given(instance: Instance) -> None:
    assert loads(dumps(instance), Instance) == instance
    plan = solve(instance)
    assert loads(dumps(plan), Plan) == plan
