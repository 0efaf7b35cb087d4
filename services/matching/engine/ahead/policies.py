"""When to decide, and for whom: the named policies a CPTS chooses from. Values in, values out; no clock, no draw.

A policy says how a request is matched (the first free slot that suits, the best plan of everybody waiting, the slot
that most sampled futures agree on) and how long the answer may stay provisional. Until it is told, a plan may change.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from services.matching.engine.model import Parameters

Ints = npt.NDArray[np.int64]

UNSERVED = -1
NOTICE_S = 1800
"""How long before leaving a patient is told, where nobody set it."""
GIVE_BACK_MARGIN_S = 60
"""How long before a slot is given back to its practitioner a choice of it becomes firm."""


class SlotFinding(StrEnum):
    """How a policy finds a slot."""

    EARLIEST = "earliest"
    """At once, the earliest free slot that suits."""
    CHEAPEST = "cheapest"
    """At once, the free slot that costs least."""
    PLAN = "plan"
    """The best plan of everybody who waits."""
    VOTES = "votes"
    """The slot that the best plans of several sampled futures agree on, else wait."""
    NEAREST_PRACTICES = "nearest_practices"
    """No platform: the patient calls the nearest practices once, and takes the first slot offered."""
    HINDSIGHT = "hindsight"
    """Everything known in advance: a bound, not a policy to choose."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to run a day. Durations in seconds, by class where there are four."""

    name: str
    way: SlotFinding
    period_s: int = 0
    """How often it decides; 0: at each event."""
    confirm_after_s: tuple[int, int, int, int] = (0, 0, 0, 0)
    """How long an answer may stay provisional."""
    notice_s: int = NOTICE_S
    """A provisional slot is told at the latest this long before the patient must leave for it."""
    scenarios: int = 0
    """Sampled futures; a slot is told when most of them would give one now."""
    calls: int = 0
    """Practices called."""
    kappa_s: int | None = None
    """Told at once, and moved only for more than this; None: what is told is final."""
    past_answer: bool = False
    """Whether people may be kept waiting past the time by which they must know. Never what a CPTS runs."""
    moves_after_s: tuple[int, ...] = ()
    """From P1 on, how long someone waits without a slot before people already told are moved for them."""


CALL_3 = Policy("call_3", SlotFinding.NEAREST_PRACTICES, calls=3)
FCFS_EARLY = Policy("fcfs_early", SlotFinding.EARLIEST)
FCFS_COST = Policy("fcfs_cost", SlotFinding.CHEAPEST)
BATCH_30S = Policy("batch_30s", SlotFinding.PLAN, period_s=30)
DEFER = Policy("defer", SlotFinding.PLAN, period_s=60, confirm_after_s=(0, 600, 3600, 10800))
DEFER_SHORT = Policy("defer_short", SlotFinding.PLAN, period_s=60, confirm_after_s=(0, 300, 1800, 3600))
CONSENSUS = Policy("consensus", SlotFinding.VOTES, period_s=60, confirm_after_s=(0, 600, 3600, 10800), scenarios=5)
CONSENSUS_HOLD = replace(CONSENSUS, name="consensus_hold", period_s=300, past_answer=True)
STABLE = Policy("stable_120", SlotFinding.PLAN, period_s=60, kappa_s=7200, moves_after_s=(1200, 7200))
CLAIRVOYANT = Policy("clairvoyant", SlotFinding.HINDSIGHT)

POLICIES = {
    policy.name: policy
    for policy in (
        CALL_3,
        FCFS_EARLY,
        FCFS_COST,
        BATCH_30S,
        DEFER_SHORT,
        DEFER,
        CONSENSUS,
        CONSENSUS_HOLD,
        STABLE,
        CLAIRVOYANT,
    )
}
DEFAULT_POLICY = DEFER.name
RUNNABLE = (DEFER.name, DEFER_SHORT.name, BATCH_30S.name, CONSENSUS.name)
"""The policies that a CPTS may run: the best plan of everybody waiting, answered after the delays of the policy.

The others are peers and bounds to compare with, or need what a round does not keep. `consensus` looks ahead from the
territory's own past; while that is too short, `defer` runs in its place.
"""


class PolicyUnknown(LookupError):
    """No policy has this name: choose one of those listed."""


def policy_named(name: str) -> Policy:
    """The policy of this name; raises PolicyUnknown with the names there are."""
    if name not in POLICIES:
        raise PolicyUnknown(f"{name!r}: choose one of {', '.join(POLICIES)}")
    return POLICIES[name]


def parameters_under(policy: Policy, parameters: Parameters) -> Parameters:
    """The parameters of a CPTS with the delays of the policy it chose."""
    kappa = parameters.kappa_s if policy.kappa_s is None else policy.kappa_s
    return replace(parameters, confirm_after_s=policy.confirm_after_s, kappa_s=kappa)


def answer_by_at_s(submitted_at_s: int, deadline_at_s: int, delay_s: int) -> int:
    """Until when the answer to a request may stay provisional: the delay of its class, never after its deadline."""
    return min(deadline_at_s, submitted_at_s + delay_s)


def leave_by_at_s(starts_at_s: Any, travel_s: Any, *, at_home: Any) -> Any:
    """The last instant at which the patient can still make it; numbers or arrays, broadcast.

    `travel_s` is the journey charged, 0 by screen; nobody leaves where the practitioner comes (`at_home`).
    """
    return starts_at_s - travel_s * (1 - at_home)


def firm_at_s(answer_by: float, leave_by: float, notice_s: int, gives_back_at_s: float | None = None) -> float:
    """From when a provisional choice is firm and told. All are instants, in seconds, but `notice_s`.

    The first of: the patient must know (`answer_by`); they soon have to leave; the slot soon goes back to its
    practitioner. Rounds of the service and simulated days both ask this.
    """
    moments = [answer_by, leave_by - notice_s]
    if gives_back_at_s is not None:
        moments.append(gives_back_at_s - GIVE_BACK_MARGIN_S)
    return min(moments)


def count_agreement(ballots: Ints) -> tuple[Ints, Ints]:
    """The slot most ballots give each request, and how many ballots give it one of the slots there are now.

    `ballots` has one row per sampled future and one column per request: a slot index, or UNSERVED when that future
    leaves the request to later slots or to none. Ties go to the lowest slot index.
    """
    chosen = np.full(ballots.shape[1], UNSERVED, np.int64)
    for column in range(ballots.shape[1]):
        named, count = np.unique(ballots[ballots[:, column] != UNSERVED, column], return_counts=True)
        if named.size:
            chosen[column] = named[np.argmax(count)]
    return chosen, np.asarray((ballots != UNSERVED).sum(axis=0), np.int64)


def has_majority(votes: Ints, scenarios: int) -> npt.NDArray[np.bool_]:
    """Whether more than half of the sampled futures give a slot there is now."""
    return votes * 2 > scenarios
