"""A policy says when an answer may no longer change; a vote holds back what the future would take."""

import numpy as np
import pytest

from services.matching.engine.ahead.policies import (
    DEFAULT_POLICY,
    DEFER,
    FCFS_EARLY,
    POLICIES,
    RUNNABLE,
    UNSERVED,
    PolicyUnknown,
    answer_by_at_s,
    count_agreement,
    firm_at_s,
    has_majority,
    leave_by_at_s,
    parameters_under,
    policy_named,
)
from services.matching.engine.model import Parameters

NOW = 1_000_000
LATER = NOW + 20_000


def test_an_answer_stays_provisional_while_the_patient_can_wait() -> None:
    assert firm_at_s(NOW + 3600, LATER, 1800) == NOW + 3600


def test_a_choice_is_firm_in_time_to_leave() -> None:
    assert firm_at_s(LATER, leave_by_at_s(NOW + 5000, 600, at_home=False), 1800) == NOW + 5000 - 600 - 1800


def test_a_choice_is_firm_a_minute_before_the_slot_goes_back() -> None:
    assert firm_at_s(LATER, LATER, 0, NOW + 500) == NOW + 440
    assert firm_at_s(NOW, LATER, 0, NOW + 500) == NOW


def test_nobody_leaves_for_a_visit_or_a_screen() -> None:
    assert leave_by_at_s(LATER, 600, at_home=True) == LATER
    assert leave_by_at_s(LATER, 0, at_home=False) == LATER
    both = leave_by_at_s(np.array([LATER, LATER]), np.array([600, 600]), at_home=np.array([True, False]))
    assert both.tolist() == [LATER, LATER - 600]


def test_the_delay_is_that_of_the_class_and_never_after_the_deadline() -> None:
    p1, *_, p4 = DEFER.confirm_after_s
    assert answer_by_at_s(NOW, LATER, p1) == NOW
    assert answer_by_at_s(NOW, LATER, p4) == NOW + 10_800
    assert answer_by_at_s(NOW, NOW + 60, p4) == NOW + 60


def test_policies_are_chosen_by_name() -> None:
    assert policy_named("defer") is DEFER
    assert DEFAULT_POLICY in RUNNABLE
    assert set(RUNNABLE) <= set(POLICIES)
    with pytest.raises(PolicyUnknown, match="fcfs_early"):
        policy_named("luck")
    kept = parameters_under(FCFS_EARLY, Parameters())
    assert kept.confirm_after_s == (0, 0, 0, 0)


def test_a_vote_needs_most_futures_to_give_a_slot_there_is() -> None:
    ballots = np.array(
        [[2, 5, UNSERVED], [2, 4, UNSERVED], [1, UNSERVED, UNSERVED], [UNSERVED, UNSERVED, 7], [2, 4, 7]]
    )
    chosen, votes = count_agreement(ballots)
    assert chosen.tolist() == [2, 4, 7]
    assert votes.tolist() == [4, 3, 2]
    assert has_majority(votes, 5).tolist() == [True, True, False]
