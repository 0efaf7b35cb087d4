"""What is wrong with a plan. Rules and costs are computed a second time (`second_look`), not by what solved it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from services.matching.engine.model import Assignment, Cost, Instance, Plan
from services.matching.engine.sameday import second_look
from services.matching.engine.travel import Travel


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing a plan does that it may not: `kind` which, about whom, what was found and what would be right.

    For a pair that is not allowed `found` is the slot. Costs are in seconds of travel.
    """

    kind: str
    about: str
    found: str = ""
    right: str = ""


def faults(instance: Instance, plan: Plan, travel: Travel | None = None) -> tuple[Fault, ...]:
    """Every fault of the plan, none when it may be carried out."""
    return (
        *_names(instance, plan),
        *_pairs(instance, plan, travel),
        *_places(instance, plan),
        *_week_caps(instance, plan),
        *_find_dropped(instance, plan, travel),
        *_costs(instance, plan, travel),
        *_reasons(instance, plan),
    )


def _list_known(instance: Instance, plan: Plan) -> list[Assignment]:
    slots, requests = {slot.id for slot in instance.slots}, {request.id for request in instance.requests}
    return [one for one in plan.assignments if one.slot in slots and one.request in requests]


def _names(instance: Instance, plan: Plan) -> Iterator[Fault]:
    asked, decided = Counter(request.id for request in instance.requests), Counter[str]()
    decided.update(one.request for one in plan.assignments)
    decided.update(one.request for one in plan.unmatched)
    for name in asked | decided:
        if asked[name] != decided[name]:
            yield Fault("request_not_decided_once", name, str(decided[name]), str(asked[name]))
    offered = {slot.id for slot in instance.slots}
    for one in plan.assignments:
        if one.slot not in offered:
            yield Fault("slot_unknown", one.request, one.slot)


def _pairs(instance: Instance, plan: Plan, travel: Travel | None) -> Iterator[Fault]:
    slots, requests = {slot.id: slot for slot in instance.slots}, {one.id: one for one in instance.requests}
    for one in _list_known(instance, plan):
        for blocker in sorted(second_look.reasons(instance, requests[one.request], slots[one.slot], travel)):
            yield Fault(f"not_allowed_{blocker.value}", one.request, one.slot)


def _people(instance: Instance, plan: Plan) -> Iterator[tuple[Assignment, int]]:
    party = {request.id: request.party for request in instance.requests}
    return ((one, party[one.request]) for one in _list_known(instance, plan))


def _places(instance: Instance, plan: Plan) -> Iterator[Fault]:
    taken = Counter[str]()
    for one, people in _people(instance, plan):
        taken[one.slot] += people
    for slot in instance.slots:
        if taken[slot.id] > slot.places:
            yield Fault("slot_overfull", slot.id, str(taken[slot.id]), str(slot.places))


def _week_caps(instance: Instance, plan: Plan) -> Iterator[Fault]:
    for name, people in _count_sent(instance, plan).items():
        limit = second_look.limit_of(instance, name)
        if people > limit:
            yield Fault("week_cap_exceeded", name, str(people), str(limit))


def _count_sent(instance: Instance, plan: Plan) -> Counter[str]:
    """How many people the plan sends to each practitioner."""
    owner = {slot.id: slot.practitioner for slot in instance.slots}
    sent = Counter[str]()
    for one, people in _people(instance, plan):
        sent[owner[one.slot]] += people
    return sent


def _find_dropped(instance: Instance, plan: Plan, travel: Travel | None) -> Iterator[Fault]:
    """A notified patient may be left out only if the slot is gone or refused, or a notified household fills it."""
    slots = {slot.id: slot for slot in instance.slots}
    served = {one.request for one in plan.assignments}
    told = Counter[str]()
    for request in instance.requests:
        if request.notified and not request.forced:
            told[request.notified] += request.party
    for request in instance.requests:
        slot = slots.get(request.notified)
        if request.id in served or slot is None or request.forced or told[slot.id] > slot.places:
            continue
        if not second_look.reasons(instance, request, slot, travel):
            yield Fault("notified_dropped", request.id, request.notified)


def _costs(instance: Instance, plan: Plan, travel: Travel | None) -> Iterator[Fault]:
    slots, requests = {slot.id: slot for slot in instance.slots}, {one.id: one for one in instance.requests}
    for one in _list_known(instance, plan):
        right = replace(
            second_look.cost(instance, requests[one.request], slots[one.slot], travel), fairness=one.cost.fairness
        )
        if right != one.cost:
            yield Fault("cost_wrong", one.request, str(_sum(one.cost)), str(_sum(right)))
    total = sum(_sum(one.cost) for one in plan.assignments)
    if total != plan.cost:
        yield Fault("total_wrong", "plan", str(plan.cost), str(total))
    yield from _fairness(instance, plan)


def _sum(cost: Cost) -> int:
    return sum(getattr(cost, term.name) for term in fields(cost))


def _fairness(instance: Instance, plan: Plan) -> Iterator[Fault]:
    owner, loads = {slot.id: slot.practitioner for slot in instance.slots}, second_look.loads_above_the_least(instance)
    charged = Counter[str]()
    for one in _list_known(instance, plan):
        charged[owner[one.slot]] += one.cost.fairness
    for name, people in _count_sent(instance, plan).items():
        right = second_look.fairness(instance, loads, name, range(1, people + 1))
        if charged[name] != right:
            yield Fault("fairness_wrong", name, str(charged[name]), str(right))


def _reasons(instance: Instance, plan: Plan) -> Iterator[Fault]:
    for one in plan.unmatched:
        if instance.slots and not any(count for _, count in one.blockers):
            yield Fault("no_reason", one.request)
