"""One order for requests and slots, drawn from what they are, so that neither names nor input order decide a tie."""

from dataclasses import replace
from typing import Any

from services.matching.engine.model import Instance, Practitioner, Request, Slot
from services.matching.engine.sameday.rules import on_top_left

NOTIFIED, FORCED, FIRST_CLASS = 0, 1, 2


def rank_of(request: Request) -> int:
    """Who is served first: those already told a slot, those a person decided on, then P1 to P4."""
    if request.forced:
        return FORCED
    return NOTIFIED if request.notified else FIRST_CLASS + request.urgency - 1


def sort_instance(instance: Instance) -> Instance:
    """The same instance, sorted by content; identifiers only separate what nothing else does."""
    known = {one.id: one for one in instance.practitioners}
    own: dict[str, list[Any]] = {name: [] for name in known}
    for slot in instance.slots:
        own.setdefault(slot.practitioner, []).append(_slot_content(slot))
    practice = {name: (_ledger(known.get(name, Practitioner(name))), sorted(own[name])) for name in own}
    slot_content = {slot.id: (_slot_content(slot), practice[slot.practitioner]) for slot in instance.slots}
    names = practice | slot_content
    return replace(
        instance,
        slots=tuple(sorted(instance.slots, key=lambda slot: (slot_content[slot.id], slot.id))),
        requests=tuple(
            sorted(instance.requests, key=lambda r: (rank_of(r), _content(r), _resolve_names(r, names), r.id))
        ),
        practitioners=tuple(sorted(instance.practitioners, key=lambda one: (practice[one.id], one.id))),
    )


def _ledger(one: Practitioner) -> tuple[int, ...]:
    cap = -1 if one.week_cap is None else one.week_cap
    return (
        one.served_4_weeks,
        one.served_this_week,
        cap,
        one.weeks_since_joining,
        int(one.paused),
        on_top_left(one),
    )


def _slot_content(slot: Slot) -> tuple[Any, ...]:
    where = (slot.point.lat, slot.point.lon)
    what = (
        slot.profession,
        sorted(slot.qualified),
        slot.specialty,
        sorted(slot.modes),
        sorted(slot.acts),
        slot.min_age,
        slot.max_age,
    )
    who = (sorted(slot.types), sorted(slot.cpts), slot.wheelchair)
    return slot.starts_at_s, slot.ends_at_s, where, slot.places, what, who


def _content(request: Request) -> tuple[Any, ...]:
    when = (request.submitted_at_s, request.earliest_at_s, request.deadline_at_s, request.answer_by_at_s)
    where = (request.point.lat, request.point.lon, request.max_travel_s, request.on_foot, request.wheelchair)
    age = -1 if request.age is None else request.age
    what = (sorted(request.professions), request.act, sorted(request.modes), age, request.party)
    return int(request.urgency), when, where, what, (request.cpts, sorted(request.sees))


def _resolve_names(request: Request, names: dict[str, Any]) -> tuple[str, ...]:
    """What the names it mentions stand for: comparable text, whatever each one names."""
    mentioned = ([request.habitual], [request.notified], [request.forced], sorted(request.forbidden))
    return tuple(repr(sorted(repr(names.get(name)) for name in group)) for group in mentioned)
