"""What is wrong with a plan, found from the rules alone: nothing here is shared with the solver's arithmetic."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from services.matching.core.costs import cost_of, fairness_of_place, loads
from services.matching.core.model import Assignment, Instance, Plan
from services.matching.core.rules import blockers, places_left_this_week, practitioner_of
from services.matching.core.travel import Travel


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing a plan does that it may not: `kind` which, about whom, and the figures."""

    kind: str
    about: str
    found: str = ""


def faults(instance: Instance, plan: Plan, travel: Travel | None = None) -> tuple[Fault, ...]:
    """Every fault of the plan, none when it may be carried out."""
    return (
        *_names(instance, plan),
        *_pairs(instance, plan, travel),
        *_places(instance, plan),
        *_week_caps(instance, plan),
        *_dropped(instance, plan, travel),
        *_costs(instance, plan, travel),
        *_reasons(instance, plan),
    )


def _known(instance: Instance, plan: Plan) -> list[Assignment]:
    slots, requests = {slot.id for slot in instance.slots}, {request.id for request in instance.requests}
    return [one for one in plan.assignments if one.slot in slots and one.request in requests]


def _names(instance: Instance, plan: Plan) -> Iterator[Fault]:
    asked, decided = Counter(request.id for request in instance.requests), Counter[str]()
    decided.update(one.request for one in plan.assignments)
    decided.update(one.request for one in plan.unmatched)
    for name in asked | decided:
        if asked[name] != decided[name]:
            yield Fault("request_not_decided_once", name, f"{decided[name]} for {asked[name]}")
    offered = {slot.id for slot in instance.slots}
    for one in plan.assignments:
        if one.slot not in offered:
            yield Fault("slot_unknown", one.request, one.slot)


def _pairs(instance: Instance, plan: Plan, travel: Travel | None) -> Iterator[Fault]:
    slots, requests = {slot.id: slot for slot in instance.slots}, {one.id: one for one in instance.requests}
    for one in _known(instance, plan):
        for blocker in blockers(instance, requests[one.request], slots[one.slot], travel):
            yield Fault(f"not_allowed_{blocker.value}", one.request, one.slot)


def _people(instance: Instance, plan: Plan) -> Iterator[tuple[Assignment, int]]:
    party = {request.id: request.party for request in instance.requests}
    return ((one, party[one.request]) for one in _known(instance, plan))


def _places(instance: Instance, plan: Plan) -> Iterator[Fault]:
    taken = Counter[str]()
    for one, people in _people(instance, plan):
        taken[one.slot] += people
    for slot in instance.slots:
        if taken[slot.id] > slot.places:
            yield Fault("slot_overfull", slot.id, f"{taken[slot.id]} for {slot.places}")


def _week_caps(instance: Instance, plan: Plan) -> Iterator[Fault]:
    slots = {slot.id: slot for slot in instance.slots}
    taken, promised = Counter[str](), Counter[str]()
    for one, people in _people(instance, plan):
        taken[slots[one.slot].practitioner] += people
    for request in instance.requests:
        kept = slots.get(request.forced or request.notified)
        if kept is not None:
            promised[kept.practitioner] += request.party
    for name, people in taken.items():
        slot = next(slot for slot in instance.slots if slot.practitioner == name)
        limit = max(places_left_this_week(practitioner_of(instance, slot)), promised[name])
        if people > limit:
            yield Fault("week_cap_exceeded", name, f"{people} for {limit}")


def _dropped(instance: Instance, plan: Plan, travel: Travel | None) -> Iterator[Fault]:
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
        if not any(blockers(instance, request, slot, travel)):
            yield Fault("notified_dropped", request.id, request.notified)


def _costs(instance: Instance, plan: Plan, travel: Travel | None) -> Iterator[Fault]:
    slots, requests = {slot.id: slot for slot in instance.slots}, {one.id: one for one in instance.requests}
    for one in _known(instance, plan):
        right = cost_of(instance, requests[one.request], slots[one.slot], travel, one.cost.fairness)
        if right != one.cost:
            yield Fault("cost_wrong", one.request, f"{one.cost.total} for {right.total}")
    total = sum(one.cost.total for one in plan.assignments)
    if total != plan.cost:
        yield Fault("total_wrong", "plan", f"{plan.cost} for {total}")
    yield from _fairness(instance, plan)


def _fairness(instance: Instance, plan: Plan) -> Iterator[Fault]:
    slots, load = {slot.id: slot for slot in instance.slots}, loads(instance)
    taken, charged = Counter[str](), Counter[str]()
    for one, people in _people(instance, plan):
        taken[slots[one.slot].practitioner] += people
        charged[slots[one.slot].practitioner] += one.cost.fairness
    beta = instance.parameters.fairness_beta_s
    for name, people in taken.items():
        right = sum(fairness_of_place(beta, load[name], place) for place in range(1, people + 1))
        if charged[name] != right:
            yield Fault("fairness_wrong", name, f"{charged[name]} for {right}")


def _reasons(instance: Instance, plan: Plan) -> Iterator[Fault]:
    for one in plan.unmatched:
        if instance.slots and not any(count for _, count in one.blockers):
            yield Fault("no_reason", one.request)
