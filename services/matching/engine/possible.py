"""What cannot be in an instance: latitude 143, an end before its start, two requests of one name, a negative length."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from math import inf

from services.matching.engine.model import Instance, Parameters, Point, Practitioner, Request, Slot

OLDEST = 130
"""Years; nobody is older."""
LATEST_AT_S = 2**37
"""Some 4,300 years from the epoch."""
LONGEST_S = 10 * 366 * 86_400
MOST = 1_000_000
LARGEST_PARTY = 20


@dataclass(frozen=True, slots=True)
class Impossibility:
    """One thing that cannot be: `rule` which, in which field, what was found there and what may be."""

    rule: str
    where: str
    found: object
    expected: object = ""


def impossible(instance: Instance, name: str = "instance") -> Iterator[Impossibility]:
    """Everything that cannot be, in the order of the fields; nothing where the instance may be solved.

    A slot told, refused or usual that is not in the instance may be: it is gone. One that a person chose may not.
    """
    yield from _alone(f"{name}.requests", (one.id for one in instance.requests))
    yield from _alone(f"{name}.slots", (one.id for one in instance.slots))
    yield from _alone(f"{name}.practitioners", (one.id for one in instance.practitioners))
    yield from _between(f"{name}.now_at_s", instance.now_at_s, -LATEST_AT_S, LATEST_AT_S)
    slots = {slot.id for slot in instance.slots}
    for n, request in enumerate(instance.requests):
        yield from _request(f"{name}.requests[{n}]", request, slots)
    for n, slot in enumerate(instance.slots):
        yield from _slot(f"{name}.slots[{n}]", slot)
    for n, one in enumerate(instance.practitioners):
        yield from _practitioner(f"{name}.practitioners[{n}]", one)
    yield from _parameters(f"{name}.parameters", instance.parameters)


def _alone(where: str, names: Iterable[str]) -> Iterator[Impossibility]:
    seen: set[str] = set()
    for n, name in enumerate(names):
        if not name:
            yield Impossibility("no_name", f"{where}[{n}].id", name)
        elif name in seen:
            yield Impossibility("twice", f"{where}[{n}].id", name)
        seen.add(name)


def _request(where: str, one: Request, slots: set[str]) -> Iterator[Impossibility]:
    yield from _point(f"{where}.point", one.point)
    yield from _instants(where, one)
    yield from _not_before(f"{where}.deadline_at_s", one.deadline_at_s, one.earliest_at_s, "earliest_at_s")
    yield from _between(f"{where}.party", one.party, 1, LARGEST_PARTY)
    yield from _between(f"{where}.max_travel_s", one.max_travel_s, 0, LONGEST_S)
    if one.age is not None:
        yield from _between(f"{where}.age", one.age, 0, OLDEST)
    yield from _some(f"{where}.professions", one.professions)
    yield from _some(f"{where}.modes", one.modes)
    if one.forced and one.forced not in slots:
        yield Impossibility("unknown_slot", f"{where}.forced", one.forced)


def _slot(where: str, one: Slot) -> Iterator[Impossibility]:
    yield from _point(f"{where}.point", one.point)
    yield from _instants(where, one)
    if one.ends_at_s <= one.starts_at_s:
        yield Impossibility("not_after", f"{where}.ends_at_s", one.ends_at_s, f"starts_at_s ({one.starts_at_s})")
    yield from _between(f"{where}.places", one.places, 0, MOST)
    yield from _between(f"{where}.min_age", one.min_age, 0, OLDEST)
    yield from _not_before(f"{where}.max_age", one.max_age, one.min_age, "min_age")
    yield from _some(f"{where}.modes", one.modes)
    if not one.practitioner:
        yield Impossibility("no_name", f"{where}.practitioner", one.practitioner)


def _practitioner(where: str, one: Practitioner) -> Iterator[Impossibility]:
    for field in fields(one):
        value = getattr(one, field.name)
        if isinstance(value, int) and not isinstance(value, bool):
            yield from _between(f"{where}.{field.name}", value, 0, MOST)


def _parameters(where: str, of: Parameters) -> Iterator[Impossibility]:
    for name in ("speed_kmh", "foot_kmh", "detour"):
        if not 0 < getattr(of, name) < inf:
            yield Impossibility("not_above", f"{where}.{name}", getattr(of, name), 0)
    for name in ("habitual_bonus_s", "tele_s", "kappa_s", "fairness_beta_s"):
        yield from _between(f"{where}.{name}", getattr(of, name), 0, LONGEST_S)
    yield from _between(f"{where}.nearest_k", of.nearest_k, 1, MOST)
    for name in ("wait_weight_milli", "confirm_after_s"):
        for n, value in enumerate(getattr(of, name)):
            yield from _between(f"{where}.{name}[{n}]", value, 0, LONGEST_S)


def _instants(where: str, one: Request | Slot) -> Iterator[Impossibility]:
    for field in fields(one):
        if field.name.endswith("_at_s"):
            yield from _between(f"{where}.{field.name}", getattr(one, field.name), -LATEST_AT_S, LATEST_AT_S)


def _point(where: str, point: Point) -> Iterator[Impossibility]:
    yield from _between(f"{where}.lat", point.lat, -90, 90)
    yield from _between(f"{where}.lon", point.lon, -180, 180)


def _between(where: str, value: float, least: float, most: float) -> Iterator[Impossibility]:
    if not least <= value <= most:
        yield Impossibility("not_between", where, value, f"{least} … {most}")


def _not_before(where: str, value: int, first: int, name: str) -> Iterator[Impossibility]:
    if value < first:
        yield Impossibility("before", where, value, f"{name} ({first})")


def _some(where: str, values: Iterable[object]) -> Iterator[Impossibility]:
    if not list(values):
        yield Impossibility("empty", where, "")
