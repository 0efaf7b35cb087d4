"""The judge sees each fault a plan may have."""

from dataclasses import replace

import pytest

from services.matching.engine.files import UnreadableFile, dumps, loads
from services.matching.engine.model import Assignment, Cost, Instance, Plan, Unmatched, Urgency
from services.matching.engine.sameday.judge import faults
from services.matching.engine.sameday.solve import solve
from tests.unit.matching.test_core_solve import a_request, a_slot, an_instance

INSTANCE = an_instance(
    [a_request("a"), a_request("b", Urgency.P1), a_request("told", notified="three")],
    [a_slot("one"), a_slot("two", km=3), a_slot("three", km=40), a_slot("four", km=60)],
)
PLAN = solve(INSTANCE)


def kinds(plan: Plan) -> set[str]:
    return {fault.kind for fault in faults(INSTANCE, plan)}


def with_slot(request: str, slot: str) -> Plan:
    return replace(
        PLAN,
        assignments=tuple(replace(one, slot=slot) if one.request == request else one for one in PLAN.assignments),
    )


def slot_of(request: str) -> str:
    return next(one.slot for one in PLAN.assignments if one.request == request)


def test_the_plan_of_the_engine_is_without_fault() -> None:
    assert kinds(PLAN) == set()


def test_a_slot_given_twice() -> None:
    assert "slot_overfull" in kinds(with_slot("a", slot_of("b")))


def test_a_slot_too_far() -> None:
    assert "not_allowed_distance" in kinds(with_slot("a", "four"))


def test_a_slot_that_does_not_exist() -> None:
    assert "slot_unknown" in kinds(with_slot("a", "none"))


def test_a_request_forgotten() -> None:
    assert "request_not_decided_once" in kinds(replace(PLAN, assignments=PLAN.assignments[1:]))


def test_a_notified_patient_dropped() -> None:
    kept = tuple(one for one in PLAN.assignments if one.request != "told")
    assert "notified_dropped" in kinds(replace(PLAN, assignments=kept, unmatched=(Unmatched("told", ()),)))


def test_a_cost_misreported() -> None:
    cheaper = tuple(replace(one, cost=Cost()) for one in PLAN.assignments)
    assert kinds(replace(PLAN, assignments=cheaper)) == {"cost_wrong", "fairness_wrong", "total_wrong"}


def test_an_unmatched_request_without_a_reason() -> None:
    assert "no_reason" in kinds(replace(PLAN, unmatched=(Unmatched("a", ()),)))


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"version": 2, "instance": {}}',
        '{"version": 1, "plan": {}}',
        '{"version": 1, "instance": {}}',
        '{"version": 1, "instance": {"now_at_s": "soon", "requests": [], "slots": []}}',
        '{"version": 1, "instance": {"now_at_s": 0, "requests": {}, "slots": []}}',
        '{"version": 1, "instance": {"now_at_s": 0, "requests": [], "slots": [], "name": "x"}}',
    ],
)
def test_a_file_that_is_not_an_instance_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFile):
        loads(text, Instance)


def test_an_assignment_reads_back_with_its_runner_up() -> None:
    plan = Plan((Assignment("a", "one", Cost(1), "two", Cost(2)),), (), certified=True, cost=1)
    assert loads(dumps(plan), Plan) == plan
