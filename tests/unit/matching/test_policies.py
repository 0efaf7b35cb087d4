"""A policy says when an answer may no longer change; a vote holds back what the future would take."""

from dataclasses import replace

import numpy as np
import pytest

from services.matching.engine.ahead.policies import (
    CHOICES,
    DEFAULT_POLICY,
    DEFER,
    FCFS_EARLY,
    POLICIES,
    UNSERVED,
    PolicyUnknown,
    agreed,
    answer_by_at_s,
    due,
    has_majority,
    leave_by_at_s,
    parameters_under,
    policy_named,
)
from services.matching.engine.model import Instance, Mode, Point, Request, Slot, Urgency
from services.matching.engine.sameday.solve import solve

HERE, THERE = Point(46.0, 3.0), Point(46.1, 3.0)
NOW = 1_000_000


def a_request(urgency: Urgency = Urgency.P3, answer_by_at_s: int = NOW + 3600) -> Request:
    return Request("r", urgency, HERE, NOW, NOW + 36_000, NOW, answer_by_at_s)


def a_slot(starts_at_s: int, point: Point = THERE) -> Slot:
    return Slot("s", "gp", point, starts_at_s, starts_at_s + 900)


def told(request: Request, slot: Slot) -> list[str]:
    instance = Instance(NOW, (request,), (slot,))
    return [one.request for one in due(DEFER, instance, solve(instance))]


def test_an_answer_stays_provisional_while_the_patient_can_wait() -> None:
    assert told(a_request(), a_slot(NOW + 20_000)) == []


def test_an_answer_is_told_when_it_is_due() -> None:
    assert told(a_request(answer_by_at_s=NOW), a_slot(NOW + 20_000)) == ["r"]


def test_an_answer_is_told_in_time_to_leave() -> None:
    journey = NOW + 20_000 - leave_by_at_s(Instance(NOW, (), ()), a_request(), a_slot(NOW + 20_000))
    assert journey > 0
    assert told(a_request(), a_slot(NOW + journey + DEFER.notice_s + 1)) == []
    assert told(a_request(), a_slot(NOW + journey + DEFER.notice_s)) == ["r"]


def test_nobody_travels_to_a_teleconsultation() -> None:
    remote = replace(a_request(), modes=frozenset({Mode.VR}))
    slot = replace(a_slot(NOW + 5000), modes=frozenset({Mode.VR}))
    assert leave_by_at_s(Instance(NOW, (), ()), remote, slot) == slot.starts_at_s


def test_the_delay_is_that_of_the_class_and_never_after_the_deadline() -> None:
    assert answer_by_at_s(DEFER, a_request(Urgency.P1)) == NOW
    assert answer_by_at_s(DEFER, a_request(Urgency.P4)) == NOW + 10_800
    short = replace(a_request(Urgency.P4), deadline_at_s=NOW + 60)
    assert answer_by_at_s(DEFER, short) == NOW + 60


def test_policies_are_chosen_by_name() -> None:
    assert policy_named("defer") is DEFER
    assert DEFAULT_POLICY in CHOICES
    assert set(CHOICES) <= set(POLICIES)
    with pytest.raises(PolicyUnknown, match="fcfs_early"):
        policy_named("luck")
    kept = parameters_under(FCFS_EARLY, Instance(NOW, (), ()).parameters)
    assert kept.confirm_after_s == (0, 0, 0, 0)


def test_a_vote_needs_most_futures_to_give_a_slot_there_is() -> None:
    ballots = np.array(
        [[2, 5, UNSERVED], [2, 4, UNSERVED], [1, UNSERVED, UNSERVED], [UNSERVED, UNSERVED, 7], [2, 4, 7]]
    )
    chosen, votes = agreed(ballots)
    assert chosen.tolist() == [2, 4, 7]
    assert votes.tolist() == [4, 3, 2]
    assert has_majority(votes, 5).tolist() == [True, True, False]
