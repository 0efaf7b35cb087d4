"""A captured round or day without anybody in it: no name, no home, no exact age; everything the engine needs stays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.matching.engine.model import Instance, Point, Practitioner, Request, Slot

AGE_STEP = 5


@dataclass(frozen=True, slots=True)
class Names:
    """What stands for each identifier: its kind and its rank in the order given."""

    known: dict[str, str]

    def __call__(self, name: str) -> str:
        """The stand-in; nothing for nothing, and one word for whatever is not here any more."""
        return self.known.get(name, "elsewhere") if name else ""


def anonymous(instance: Instance, centres: Sequence[Point]) -> Instance:
    """The instance with identifiers replaced, positions at the nearest of these centres of communes, ages by 5 years.

    Whoever may not meet may still not meet, and what was promised stays promised. Raises ValueError without centres.
    """
    ledgers = [one.id for one in instance.practitioners]
    practitioners = dict.fromkeys([*ledgers, *(slot.practitioner for slot in instance.slots)])
    names = Names(
        _number("request", (request.id for request in instance.requests))
        | _number("slot", (slot.id for slot in instance.slots))
        | _number("practitioner", practitioners)
        | _number("cpts", dict.fromkeys(name for slot in instance.slots for name in sorted(slot.cpts)))
    )
    own = {request.cpts for request in instance.requests} - names.known.keys()
    names.known.update(_number("own-cpts", sorted(own - {""})))
    snapped = {point: _nearest(point, centres) for point in _points(instance)}
    return replace(
        instance,
        requests=tuple(_request(one, names, snapped) for one in instance.requests),
        slots=tuple(_slot(one, names, snapped) for one in instance.slots),
        practitioners=tuple(_practitioner(one, names) for one in instance.practitioners),
    )


def _number(kind: str, names: Iterable[str]) -> dict[str, str]:
    return {name: f"{kind}-{n:04}" for n, name in enumerate(names, start=1)}


def _points(instance: Instance) -> set[Point]:
    return {one.point for one in instance.requests} | {one.point for one in instance.slots}


def _nearest(point: Point, centres: Sequence[Point]) -> Point:
    """By the square of degrees, a degree of longitude counting for 0.7 of one of latitude in France."""
    return min(centres, key=lambda one: ((one.lat - point.lat) ** 2 + (0.7 * (one.lon - point.lon)) ** 2, one.lat))


def _request(one: Request, names: Names, snapped: dict[Point, Point]) -> Request:
    return replace(
        one,
        id=names(one.id),
        point=snapped[one.point],
        cpts=names(one.cpts),
        age=None if one.age is None else one.age // AGE_STEP * AGE_STEP,
        habitual=names(one.habitual),
        forced=names(one.forced),
        notified=names(one.notified),
        forbidden=frozenset(names(name) for name in one.forbidden),
    )


def _slot(one: Slot, names: Names, snapped: dict[Point, Point]) -> Slot:
    return replace(
        one,
        id=names(one.id),
        practitioner=names(one.practitioner),
        point=snapped[one.point],
        cpts=frozenset(names(name) for name in one.cpts),
    )


def _practitioner(one: Practitioner, names: Names) -> Practitioner:
    return replace(one, id=names(one.id))
