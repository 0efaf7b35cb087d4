"""What the engine's arithmetic must say: what the judge's second look says, and the figures of the documents."""

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from services.matching.engine.model import (
    Blocker,
    Cost,
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
from services.matching.engine.sameday import costs, order, rules, second_look
from services.matching.engine.sameday.judge import faults
from services.matching.engine.sameday.solve import solve
from services.matching.engine.sameday.table import Table
from services.matching.engine.travel import StraightLine, great_circle_km, straight_line

DOCUMENT = Path(__file__).parents[2] / "docs" / "matching.md"
NOW = 1_000_000
SEEDS = 20


def disagreements() -> Iterator[str]:
    """Each sentence about something that is not as it should be."""
    yield from _documented()
    yield from _ranks()
    yield from _by_hand()
    for seed in range(SEEDS):
        yield from _of(drawn(np.random.default_rng(seed)))


def documented_parameters() -> dict[str, str]:
    """The defaults that the documents give, by name."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: value.strip() for name, value in rows}


def _documented() -> Iterator[str]:
    said, default = documented_parameters(), Parameters()
    for field in fields(Parameters):
        value = getattr(default, field.name)
        text = " / ".join(str(one) for one in value) if isinstance(value, tuple) else str(value)
        if said.get(field.name) != text:
            yield f"{field.name}: {text}, and the documents say {said.get(field.name)}"


def _ranks() -> Iterator[str]:
    """Told, then decided by a person, then the four classes."""
    plain = Request("r", Urgency.P1, Point(45, 4), NOW, NOW, NOW, NOW)
    told, forced = replace(plain, notified="s"), replace(plain, notified="s", forced="s")
    ranks = [order.rank_of(one) for one in (told, forced, *(replace(plain, urgency=one) for one in Urgency))]
    if ranks != [0, 1, 2, 3, 4, 5]:
        yield f"ranks {ranks}"


def _by_hand() -> Iterator[str]:
    """Figures worked out with a pencil: what two computations of the same mistake would not see."""
    quarter = float(great_circle_km(np.array([0.0, 0.0]), np.array([0.0, 90.0])))
    if abs(quarter - 10_007.557) > 0.001:
        yield f"a quarter of the equator is {quarter} km"
    drive, walk = (
        straight_line(Parameters())([Point(0, 0)], [Point(0, 0.1)], on_foot=on_foot)[0, 0] for on_foot in (False, True)
    )
    # 11.119 km as the crow flies, 14.456 by road: 17 min 21 s at 50 km/h, 3 h 12 min 45 s at 4.5.
    if (drive, walk) != (1041, 11_564) and (drive, walk) != (1041, 11_565):
        yield f"journeys of {drive} and {walk} s"
    slot = Slot("s", "g", Point(0, 0.1), NOW + 3000, NOW + 3900)
    asked = Request("r", Urgency.P3, Point(0, 0), NOW + 1000, NOW + 9000, NOW, NOW, habitual="g", notified="other")
    cost = costs.cost_of(Instance(NOW, (asked,), (slot,)), asked, slot)
    terms = (cost.travel_s, cost.wait, cost.continuity, cost.stability, cost.total)
    if terms != (1041, 1000, -1200, 7200, 8041):
        yield f"terms {terms}"
    margins = [costs.fairness_of_place(22, 3, place) for place in (1, 2)]
    # 22 × (4² − 3²), 22 × (5² − 4²).
    if margins != [154, 198]:
        yield f"margins {margins}"
    if (Cost().total, StraightLine()) != (0, straight_line(Parameters())):
        yield "what is left out counts for something"
    yield from _dearest(asked, slot)
    yield from _newcomers()
    yield from _edges()


def _dearest(asked: Request, slot: Slot) -> Iterator[str]:
    """Four hours of journey, the wait until the last slot at the dearest weight, and a move."""
    weights = Parameters(wait_weight_milli=(250, 500, 1000, 750))
    last = replace(slot, id="last", starts_at_s=NOW + 8000)
    found = [
        costs.dearest(Instance(NOW, (asked,), slots, parameters=weights))
        for slots in ((slot, last), (replace(slot, starts_at_s=NOW - 9000),), ())
    ]
    if found != [14_400 + 8000 + 7200, 14_400 + 7200, 14_400 + 7200]:
        yield f"the dearest pairs: {found}"


def _newcomers() -> Iterator[str]:
    """Those who just came ramp up from the mean of the others; where all just came, from nothing."""
    slots = tuple(Slot(f"s{n}", f"g{n}", Point(0, 0), NOW, NOW + 900) for n in range(3))
    fresh = tuple(Practitioner(f"g{n}", n, weeks_since_joining=n) for n in range(3))
    known = (Practitioner("g0", 7), Practitioner("g1", 0, weeks_since_joining=1), Practitioner("g2", 12))
    for people, right in ((fresh, [0, 1, 2]), (known, [1, 0, 6])):
        found = costs.loads(Instance(NOW, (), slots, people))
        if list(found.values()) != right:
            yield f"loads {found}"


def _edges() -> Iterator[str]:
    """The last second that is still allowed, and the next."""
    slot = Slot("s", "g", Point(0, 0.1), NOW + 1041, NOW + 2000, min_age=16, max_age=40)
    asked = Request("r", Urgency.P3, Point(0, 0), NOW + 1041, NOW + 1041, NOW, NOW, age=16, max_travel_s=1041)
    beyond = (
        (asked, slot, None),
        (replace(asked, age=40), slot, None),
        (replace(asked, age=15), slot, Blocker.AGE),
        (replace(asked, age=41), slot, Blocker.AGE),
        (replace(asked, max_travel_s=1040), slot, Blocker.DISTANCE),
        (replace(asked, earliest_at_s=NOW + 1042, deadline_at_s=NOW + 1042), slot, Blocker.WINDOW),
        (replace(asked, earliest_at_s=NOW, deadline_at_s=NOW + 1040), slot, Blocker.WINDOW),
        (replace(asked, earliest_at_s=NOW), replace(slot, starts_at_s=NOW + 1040), Blocker.WINDOW),
        (replace(asked, earliest_at_s=NOW), replace(slot, starts_at_s=NOW), Blocker.WINDOW),
        (replace(asked, earliest_at_s=NOW, point=slot.point), replace(slot, starts_at_s=NOW), None),
        (replace(asked, earliest_at_s=NOW - 9, point=slot.point), replace(slot, starts_at_s=NOW - 1), Blocker.WINDOW),
        (replace(asked, party=2), slot, Blocker.PARTY),
        (replace(asked, party=2), replace(slot, places=2), None),
    )
    for request, offered, why in beyond:
        instance = Instance(NOW, (request,), (offered,))
        right = set() if why is None else {why}
        if set(rules.blockers(instance, request, offered)) != right:
            yield f"{right}: {request} {offered}"
    either = frozenset({Mode.AMB, Mode.VR})
    there, near = (
        replace(slot, modes=either, starts_at_s=NOW + 5000),
        replace(asked, modes=either, deadline_at_s=NOW + 9000),
    )
    for tele_s, by_screen in ((1040, True), (1041, False)):
        cost = costs.cost_of(Instance(NOW, (near,), (there,), parameters=Parameters(tele_s=tele_s)), near, there)
        if (cost.tele_s, cost.travel_s) != ((tele_s, 0) if by_screen else (0, 1041)):
            yield f"a téléconsultation worth {tele_s}"
    for cap, right in ((5, set()), (4, {Blocker.WEEK_CAP}), (2, {Blocker.WEEK_CAP})):
        one = Practitioner("g", served_this_week=3, week_cap=cap)
        household, twice = replace(asked, party=2), replace(slot, places=2)
        if set(rules.blockers(Instance(NOW, (household,), (twice,), (one,)), household, twice)) != right:
            yield f"a week of {cap}"


def drawn(rng: np.random.Generator) -> Instance:
    """A small round with everything the rules know."""
    slots = tuple(_slot(rng, n) for n in range(5))
    return Instance(
        now_at_s=NOW,
        requests=tuple(_request(rng, n) for n in range(6)),
        slots=slots,
        practitioners=tuple(_practitioner(rng, n) for n in range(3)),
        parameters=Parameters(
            fairness_beta_s=int(rng.choice([0, 22, 120])),
            wait_weight_milli=tuple(int(one) for one in rng.choice([250, 500, 1500], 4)),  # type: ignore[arg-type]
            nearest_k=int(rng.choice([1, 40])),
        ),
    )


def _one_of(rng: np.random.Generator, *values: object) -> object:
    return values[int(rng.integers(len(values)))]


def _point(rng: np.random.Generator) -> Point:
    return Point(45 + float(rng.integers(4)) / 20, 4 + float(rng.integers(4)) / 20)


AMB, VR, HH = frozenset({Mode.AMB}), frozenset({Mode.AMB, Mode.VR}), frozenset({Mode.HH})
ALL = frozenset(Mode)


def _slot(rng: np.random.Generator, n: int) -> Slot:
    starts = NOW + int(rng.choice([0, 0, 300, 1800, 3600, 5400, 7200, 9000]))
    return Slot(
        id=f"s{n}",
        practitioner=f"g{rng.integers(4)}",
        point=_point(rng),
        starts_at_s=starts,
        ends_at_s=starts + 900,
        places=int(rng.integers(1, 4)),
        profession=_one_of(rng, "10", "10", "10", "60"),  # type: ignore[arg-type]
        modes=_one_of(rng, AMB, AMB, VR, HH, frozenset({Mode.VR}), ALL),  # type: ignore[arg-type]
        acts=_one_of(rng, frozenset(), frozenset(), frozenset({"suture"})),  # type: ignore[arg-type]
        min_age=_one_of(rng, 0, 0, 16),  # type: ignore[arg-type]
        max_age=_one_of(rng, 130, 130, 40),  # type: ignore[arg-type]
        types=_one_of(rng, frozenset({SlotType.CPTS}), frozenset({SlotType.PRO})),  # type: ignore[arg-type]
        cpts=_one_of(rng, frozenset(), frozenset({"A"})),  # type: ignore[arg-type]
        wheelchair=bool(rng.integers(2)),
    )


def _request(rng: np.random.Generator, n: int) -> Request:
    earliest = NOW + int(rng.integers(0, 5)) * 1800
    return Request(
        id=f"r{n}",
        urgency=Urgency(int(rng.integers(1, 5))),
        point=_point(rng),
        earliest_at_s=earliest,
        deadline_at_s=earliest + int(rng.choice([1800, 5400, 20_000])),
        submitted_at_s=NOW,
        answer_by_at_s=NOW,
        cpts=_one_of(rng, "A", "A", "B"),  # type: ignore[arg-type]
        professions=_one_of(rng, frozenset({"10"}), frozenset({"10", "60"})),  # type: ignore[arg-type]
        act=_one_of(rng, "", "", "suture", "plaster"),  # type: ignore[arg-type]
        modes=_one_of(rng, AMB, AMB, VR, HH, ALL),  # type: ignore[arg-type]
        age=_one_of(rng, None, 8, 16, 40, 41),  # type: ignore[arg-type]
        max_travel_s=int(rng.choice([600, 1800, 3600])),
        on_foot=bool(rng.random() < 0.2),
        wheelchair=bool(rng.random() < 0.3),
        habitual=_one_of(rng, "", "", "g0", "g1"),  # type: ignore[arg-type]
        party=int(rng.choice([1, 1, 1, 2, 3])),
        sees=_one_of(rng, frozenset(SlotType), frozenset({SlotType.CPTS})),  # type: ignore[arg-type]
        forced=_one_of(rng, *[""] * 7, "s0", "s3"),  # type: ignore[arg-type]
        forbidden=_one_of(rng, *[frozenset()] * 5, frozenset({"s1"}), frozenset({"g2"})),  # type: ignore[arg-type]
        notified=_one_of(rng, *[""] * 7, "s1", "s2", "gone"),  # type: ignore[arg-type]
    )


def _practitioner(rng: np.random.Generator, n: int) -> Practitioner:
    return Practitioner(
        id=f"g{n}",
        served_4_weeks=int(rng.integers(0, 9)),
        served_this_week=int(rng.integers(0, 4)),
        week_cap=_one_of(rng, None, None, 1, 3, 5),  # type: ignore[arg-type]
        weeks_since_joining=int(rng.choice([0, 1, 3, 4, 52])),
        paused=bool(rng.random() < 0.15),
    )


def _of(instance: Instance) -> Iterator[str]:
    """Pairs one by one, pairs as arrays, loads, limits and whole plans."""
    table = Table(instance)
    block = table.block(np.arange(len(instance.requests)))
    for row, request in enumerate(instance.requests):
        for column, slot in enumerate(instance.slots):
            pair, why = f"{request} {slot}", second_look.reasons(instance, request, slot)
            if set(rules.blockers(instance, request, slot)) != why or block.allowed[row, column] != (not why):
                yield f"rules: {pair}"
            if not why:
                right = second_look.cost(instance, request, slot)
                if costs.cost_of(instance, request, slot) != right or block.cost[row, column] != right.total:
                    yield f"cost: {pair}"
    if costs.loads(instance) != second_look.loads_above_the_least(instance):
        yield "loads"
    yield from (str(fault) for fault in faults(instance, solve(instance)))
