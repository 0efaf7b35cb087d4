"""What one pair may be and what it costs, worked out a second time from docs/matching.md, one pair at a time.

The solver computes the same with arrays. Nothing is imported of it: two ways that agree are worth more than one, and a
wrong constant in either shows as a fault.
"""

from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt

from services.matching.engine.model import Blocker, Cost, Instance, Mode, Practitioner, Request, Slot
from services.matching.engine.travel import Travel

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of the Earth (IUGG)."""
SECONDS_AN_HOUR = 60 * 60
WEEKS_COUNTED = 4
"""The load of a practitioner is what they took in so many weeks."""
NO_LIMIT = 10**12


def journey_s(instance: Instance, request: Request, slot: Slot, travel: Travel | None = None) -> int:
    """Seconds from the patient to the practice: those of the router given, else the straight line and its detour."""
    if travel is not None:
        return int(travel([request.point], [slot.point], on_foot=request.on_foot)[0, 0])
    of = instance.parameters
    north, east = (
        radians(b - a) for a, b in ((request.point.lat, slot.point.lat), (request.point.lon, slot.point.lon))
    )
    across = sin(north / 2) ** 2
    across += cos(radians(request.point.lat)) * cos(radians(slot.point.lat)) * sin(east / 2) ** 2
    metres = 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(across)))
    metres_an_hour = 1000 * (of.foot_kmh if request.on_foot else of.speed_kmh)
    return round(metres * of.detour * SECONDS_AN_HOUR / metres_an_hour)


def reasons(instance: Instance, request: Request, slot: Slot, travel: Travel | None = None) -> set[Blocker]:
    """Every rule that forbids the pair; empty when it may be. Others holding the slot is not one."""
    party = {Blocker.PARTY} if request.party > slot.places else set()
    refused = {Blocker.FORBIDDEN} if request.forbidden & {slot.id, slot.practitioner} else set()
    if request.forced:
        if request.forced == slot.id:
            return party
        refused = {Blocker.FORBIDDEN}
    elif request.notified == slot.id:
        return party | refused
    return (
        party
        | refused
        | _of_the_slot(request, slot)
        | _of_the_practitioner(instance, request, slot)
        | (_of_time_and_place(instance, request, slot, journey_s(instance, request, slot, travel)))
    )


def _of_the_slot(request: Request, slot: Slot) -> set[Blocker]:
    """Profession, act, age, mode, and who may see the slot."""
    may = {
        Blocker.PROFESSION: slot.profession in request.professions or bool(slot.qualified & request.professions),
        Blocker.ACT: not request.act or not slot.acts or request.act in slot.acts,
        Blocker.AGE: request.age is None or slot.min_age <= request.age <= slot.max_age,
        Blocker.MODE: bool(request.modes & slot.modes),
        Blocker.VISIBILITY: bool(request.sees & slot.types) and (not slot.cpts or request.cpts in slot.cpts),
    }
    return {blocker for blocker, allowed in may.items() if not allowed}


def _of_the_practitioner(instance: Instance, request: Request, slot: Slot) -> set[Blocker]:
    one = practitioner(instance, slot.practitioner)
    found = {Blocker.PAUSED} if one.paused else set()
    return found | ({Blocker.WEEK_CAP} if request.party > count_left_this_week(one) else set())


def _in_window(instance: Instance, request: Request, slot: Slot) -> bool:
    return max(instance.now_at_s, request.earliest_at_s) <= slot.starts_at_s <= request.deadline_at_s


def _of_time_and_place(instance: Instance, request: Request, slot: Slot, travel_s: int) -> set[Blocker]:
    """A pair may meet by screen, at the patient's home or at the practice; a reason counts if no other way is left."""
    both = request.modes & slot.modes
    found = set() if _in_window(instance, request, slot) else {Blocker.WINDOW}
    if Mode.VR in both or not both:
        return found
    far = travel_s > request.max_travel_s
    if far:
        found.add(Blocker.DISTANCE)
    if Mode.HH in both:
        return found
    if request.wheelchair and not slot.wheelchair:
        return found | {Blocker.WHEELCHAIR}
    if not far and instance.now_at_s + travel_s > slot.starts_at_s:
        found.add(Blocker.WINDOW)
    return found


def cost(instance: Instance, request: Request, slot: Slot, travel: Travel | None = None) -> Cost:
    """What the pair costs, term by term, in seconds of travel; fairness, which depends on the plan, is left at 0."""
    of = instance.parameters
    travel_s = journey_s(instance, request, slot, travel)
    by_screen = _by_screen(instance, request, slot, travel_s)
    waited_s = max(0, slot.starts_at_s - request.earliest_at_s)
    return Cost(
        travel_s=0 if by_screen else travel_s,
        tele_s=of.tele_s if by_screen else 0,
        wait=waited_s * of.wait_weight_milli[int(request.urgency) - 1] // 1000,
        continuity=-of.habitual_bonus_s if request.habitual and request.habitual == slot.practitioner else 0,
        stability=of.kappa_s if request.notified and request.notified != slot.id else 0,
    )


def _by_screen(instance: Instance, request: Request, slot: Slot, travel_s: int) -> bool:
    """Whether a téléconsultation is the way they meet: allowed, and the only way or cheaper than the journey."""
    both = request.modes & slot.modes
    if Mode.VR not in both or not _in_window(instance, request, slot):
        return False
    in_time = instance.now_at_s + travel_s <= slot.starts_at_s
    at_the_practice = Mode.AMB in both and (slot.wheelchair or not request.wheelchair) and in_time
    in_person = travel_s <= request.max_travel_s and (Mode.HH in both or at_the_practice)
    return not in_person or instance.parameters.tele_s < travel_s


def practitioner(instance: Instance, name: str) -> Practitioner:
    """The practitioner of this name; one nobody knows has no load and no limit."""
    return next((one for one in instance.practitioners if one.id == name), Practitioner(name))


def count_left_this_week(one: Practitioner) -> int:
    """People the practitioner still takes this week."""
    return NO_LIMIT if one.week_cap is None else max(0, one.week_cap - one.served_this_week)


def limit_of(instance: Instance, name: str) -> int:
    """People a plan may send to a practitioner: those of the week's cap, or those promised already if they are more."""
    owner = {slot.id: slot.practitioner for slot in instance.slots}
    promised = sum(one.party for one in instance.requests if owner.get(one.forced or one.notified) == name)
    return max(count_left_this_week(practitioner(instance, name)), promised)


def loads_above_the_least(instance: Instance) -> dict[str, int]:
    """The load of each practitioner with a slot, above that of the least loaded.

    Someone who joined fewer than four weeks ago counts for the missing weeks as many as the mean of the others.
    """
    present = [practitioner(instance, name) for name in {slot.practitioner for slot in instance.slots}]
    settled = [one.served_4_weeks for one in present if one.weeks_since_joining >= WEEKS_COUNTED]
    mean = sum(settled) // len(settled) if settled else 0
    load = {
        one.id: one.served_4_weeks + mean * max(0, WEEKS_COUNTED - one.weeks_since_joining) // WEEKS_COUNTED
        for one in present
    }
    return {name: value - min(load.values()) for name, value in load.items()}


def fairness(instance: Instance, loads: dict[str, int], name: str, places: Iterable[int]) -> int:
    """What the n-th people of a plan, for n in `places` from 1, add to beta times the square of the load."""
    before = loads[name]
    return sum(
        instance.parameters.fairness_beta_s * ((before + place) ** 2 - (before + place - 1) ** 2) for place in places
    )
