"""Small instances drawn at random, with everything the rules know, and the best plan found by trying them all.

The enumeration uses none of the solver's arithmetic: rules, costs and limits come from the judge's second look, ranks
from the sentences of docs/matching.md.
"""

from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from services.matching.engine.model import (
    Instance,
    Mode,
    Parameters,
    Point,
    Practitioner,
    Request,
    Slot,
    SlotType,
    Urgency,
)
from services.matching.engine.sameday import second_look

NOW = 1_000_000
RANKS = 6
Value = tuple[tuple[int, ...], int]

points = st.builds(Point, st.integers(0, 3).map(lambda n: 45 + n / 20), st.integers(0, 3).map(lambda n: 4 + n / 20))
hours = st.integers(0, 6).map(lambda n: NOW + 1800 * n)
few_modes = st.sampled_from([frozenset({Mode.AMB})] * 4 + [frozenset({Mode.AMB, Mode.VR}), frozenset({Mode.HH})])


@st.composite
def slots(draw: st.DrawFn, number: int) -> Slot:
    starts = draw(hours)
    return Slot(
        id=f"s{number}",
        practitioner=f"g{draw(st.integers(0, 2))}",
        point=draw(points),
        starts_at_s=starts,
        ends_at_s=starts + 900,
        places=draw(st.sampled_from([1, 1, 1, 2, 3])),
        profession=draw(st.sampled_from(["10", "10", "10", "60"])),
        modes=draw(few_modes),
        acts=draw(st.sampled_from([frozenset(), frozenset(), frozenset({"suture"})])),
        min_age=draw(st.sampled_from([0, 0, 16])),
        types=draw(st.sampled_from([frozenset({SlotType.CPTS})] * 3 + [frozenset({SlotType.PRO})])),
        cpts=draw(st.sampled_from([frozenset(), frozenset({"A"})])),
        wheelchair=draw(st.booleans()),
    )


@st.composite
def requests(draw: st.DrawFn, number: int, slot_count: int, parties: bool) -> Request:
    earliest = draw(hours)
    slot_ids = st.sampled_from([f"s{n}" for n in range(slot_count)])
    names = st.sampled_from([f"s{n}" for n in range(slot_count)] + ["g0", "g1"])
    return Request(
        id=f"r{number}",
        urgency=draw(st.sampled_from(list(Urgency))),
        point=draw(points),
        earliest_at_s=earliest,
        deadline_at_s=earliest + draw(st.sampled_from([3600, 7200, 20000])),
        submitted_at_s=NOW - draw(st.integers(0, 9)),
        answer_by_at_s=NOW,
        cpts=draw(st.sampled_from(["A", "A", "B"])),
        professions=draw(st.sampled_from([frozenset({"10"}), frozenset({"10", "60"})])),
        act=draw(st.sampled_from(["", "", "suture", "plaster"])),
        modes=draw(few_modes),
        age=draw(st.sampled_from([None, 8, 40])),
        max_travel_s=draw(st.sampled_from([600, 1800, 3600])),
        on_foot=draw(st.sampled_from([False, False, False, True])),
        wheelchair=draw(st.sampled_from([False, False, False, True])),
        habitual=draw(st.sampled_from(["", "", "g0", "g1"])),
        party=draw(st.sampled_from([1, 1, 2, 3])) if parties else 1,
        sees=draw(st.sampled_from([frozenset(SlotType), frozenset({SlotType.CPTS})])),
        forced=draw(st.one_of(st.just(""), st.just(""), st.just(""), slot_ids)),
        forbidden=draw(st.one_of(st.just(frozenset()), st.just(frozenset()), st.frozensets(names, max_size=1))),
        notified=draw(st.one_of(st.just(""), st.just(""), st.just(""), slot_ids)),
    )


@st.composite
def practitioners(draw: st.DrawFn, number: int) -> Practitioner:
    return Practitioner(
        id=f"g{number}",
        served_4_weeks=draw(st.integers(0, 6)),
        served_this_week=draw(st.integers(0, 3)),
        week_cap=draw(st.sampled_from([None, None, 1, 3, 5])),
        weeks_since_joining=draw(st.sampled_from([1, 52])),
        paused=draw(st.sampled_from([False, False, False, True])),
    )


@st.composite
def instances(draw: st.DrawFn, parties: bool = False, most_requests: int = 5, most_slots: int = 4) -> Instance:
    """Anything the model can say, a few requests and slots of it."""
    slot_count = draw(st.integers(1, most_slots))
    request_count = draw(st.integers(0, most_requests))
    return Instance(
        now_at_s=NOW,
        requests=tuple(draw(requests(n, slot_count, parties)) for n in range(request_count)),
        slots=tuple(draw(slots(n)) for n in range(slot_count)),
        practitioners=tuple(draw(practitioners(n)) for n in range(draw(st.integers(0, 3)))),
        parameters=Parameters(
            fairness_beta_s=draw(st.sampled_from([0, 0, 120])), nearest_k=draw(st.sampled_from([1, 2, 40]))
        ),
    )


def rank(request: Request) -> int:
    """Who comes first: those told a slot, those a person decided on, then P1, P2, P3, P4."""
    if request.forced:
        return 1
    return 0 if request.notified else 1 + int(request.urgency)


def best_by_enumeration(instance: Instance) -> Value:
    """People unserved by rank, then cost, of the best of all plans."""
    allowed = [
        [slot for slot in instance.slots if not second_look.reasons(instance, request, slot)]
        for request in instance.requests
    ]
    price = {
        (r.id, s.id): second_look.cost(instance, r, s).total
        for r, of_r in zip(instance.requests, allowed, strict=True)
        for s in of_r
    }
    loads = second_look.loads_above_the_least(instance)
    limits = {name: second_look.limit_of(instance, name) for name in loads}

    @cache
    def rest(n: int, places: tuple[int, ...], seen: tuple[tuple[str, int], ...]) -> Value:
        if n == len(instance.requests):
            return (0,) * RANKS, 0
        request = instance.requests[n]
        unserved, cost = rest(n + 1, places, seen)
        best: Value = (tuple(u + request.party * (k == rank(request)) for k, u in enumerate(unserved)), cost)
        taken = dict(seen)
        for slot in allowed[n]:
            at = instance.slots.index(slot)
            before = taken.get(slot.practitioner, 0)
            after = before + request.party
            if places[at] < request.party or after > limits[slot.practitioner]:
                continue
            left = (*places[:at], places[at] - request.party, *places[at + 1 :])
            unserved, cost = rest(n + 1, left, tuple(sorted((taken | {slot.practitioner: after}).items())))
            fair = second_look.fairness(instance, loads, slot.practitioner, range(before + 1, after + 1))
            best = min(best, (unserved, cost + price[request.id, slot.id] + fair))
        return best

    return rest(0, tuple(slot.places for slot in instance.slots), ())


def unserved_by_rank(instance: Instance, served: set[str]) -> tuple[int, ...]:
    """People left out, by rank."""
    found = [0] * RANKS
    for request in instance.requests:
        found[rank(request)] += request.party if request.id not in served else 0
    return tuple(found)


def renamed(instance: Instance, prefix: str) -> Instance:
    """The same instance with other identifiers, listed in the opposite order."""

    def name(old: str) -> str:
        return prefix + old[::-1] if old else old

    return replace(
        instance,
        requests=tuple(
            replace(
                r,
                id=name(r.id),
                habitual=name(r.habitual),
                forced=name(r.forced),
                notified=name(r.notified),
                forbidden=frozenset(name(one) for one in r.forbidden),
            )
            for r in reversed(instance.requests)
        ),
        slots=tuple(replace(s, id=name(s.id), practitioner=name(s.practitioner)) for s in reversed(instance.slots)),
        practitioners=tuple(replace(p, id=name(p.id)) for p in reversed(instance.practitioners)),
    )
