"""When to decide, and for whom: the named policies a CPTS chooses from. Values in, values out; no clock, no draw.

A policy says how a request is matched (the first free slot that suits, the best plan of everybody waiting, the slot
that most sampled futures agree on) and how long the answer may stay provisional. Until it is told, a plan may change.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from services.matching.engine.model import Assignment, Instance, Mode, Parameters, Plan, Request, Slot
from services.matching.engine.travel import Travel, travel_model

Ints = npt.NDArray[np.int64]

UNSERVED = -1


class Way(StrEnum):
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
    way: Way
    period_s: int = 0
    """How often it decides; 0: at each event."""
    confirm_after_s: tuple[int, int, int, int] = (0, 0, 0, 0)
    """How long an answer may stay provisional."""
    notice_s: int = 900
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


CALL_3 = Policy("call_3", Way.NEAREST_PRACTICES, calls=3)
FCFS_EARLY = Policy("fcfs_early", Way.EARLIEST)
FCFS_COST = Policy("fcfs_cost", Way.CHEAPEST)
BATCH_30S = Policy("batch_30s", Way.PLAN, period_s=30)
DEFER = Policy("defer", Way.PLAN, period_s=60, confirm_after_s=(0, 600, 3600, 10800))
DEFER_SHORT = Policy("defer_short", Way.PLAN, period_s=60, confirm_after_s=(0, 300, 1800, 3600))
CONSENSUS = Policy("consensus", Way.VOTES, period_s=60, confirm_after_s=(0, 600, 3600, 10800), scenarios=5)
CONSENSUS_HOLD = replace(CONSENSUS, name="consensus_hold", period_s=300, past_answer=True)
STABLE = Policy("stable_120", Way.PLAN, period_s=60, kappa_s=7200, moves_after_s=(1200, 7200))
CLAIRVOYANT = Policy("clairvoyant", Way.HINDSIGHT)

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
CHOICES = (FCFS_EARLY.name, FCFS_COST.name, BATCH_30S.name, DEFER_SHORT.name, DEFER.name, CONSENSUS.name)
"""The policies a CPTS may run; the others are peers and bounds to compare with."""


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


def answer_by_at_s(policy: Policy, request: Request) -> int:
    """Until when the answer to a request may stay provisional: the delay of its class, never after its deadline."""
    return min(request.deadline_at_s, request.submitted_at_s + policy.confirm_after_s[request.urgency - 1])


def is_due(now_at_s: int, answer_by: int, leave_by_at_s: int, notice_s: int) -> bool:
    """Whether a provisional slot must be told now: the answer is due, or the patient soon has to leave."""
    return now_at_s >= answer_by or now_at_s >= leave_by_at_s - notice_s


def due(policy: Policy, instance: Instance, plan: Plan, travel: Travel | None = None) -> tuple[Assignment, ...]:
    """The assignments of a plan to tell now; the others stay provisional. `answer_by_at_s` of each request holds."""
    requests = {request.id: request for request in instance.requests}
    slots = {slot.id: slot for slot in instance.slots}
    return tuple(
        one
        for one in plan.assignments
        if is_due(
            instance.now_at_s,
            requests[one.request].answer_by_at_s,
            leave_by_at_s(instance, requests[one.request], slots[one.slot], travel),
            policy.notice_s,
        )
    )


def leave_by_at_s(instance: Instance, request: Request, slot: Slot, travel: Travel | None = None) -> int:
    """The last instant at which the patient can still make it: the start, minus the journey when there is one."""
    both = request.modes & slot.modes
    if Mode.VR in both or Mode.HH in both:
        return slot.starts_at_s
    journey = travel_model(instance, travel)([request.point], [slot.point], on_foot=request.on_foot)
    return slot.starts_at_s - int(journey[0, 0])


def agreed(ballots: Ints) -> tuple[Ints, Ints]:
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
