"""Why a slot is not proposed, from the slot's side: each rule of the engine, and whom it keeps away."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.matching.engine.model import Blocker, Instance, Practitioner, Request, Slot, SlotType, Urgency
from services.matching.engine.sameday.rules import blockers
from services.matching.engine.travel import Travel


@dataclass(frozen=True, slots=True)
class RuleTally:
    """How many of those who wait one rule keeps from the slot; `alone`: nothing else does. `wanted`: what most ask."""

    blocker: Blocker
    blocked: int
    alone: int
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """Whom a slot suits among those who wait, rule by rule, and which rules keep each kind of asker from it."""

    waiting: int
    suits: int
    tallies: tuple[RuleTally, ...]
    askers: tuple[tuple[str, tuple[Blocker, ...]], ...]


def check_offer(
    instance: Instance, slot: Slot, askers: Mapping[str, frozenset[SlotType]], cpts: str, travel: Travel | None = None
) -> Offered:
    """Apply every rule to the slot, for each request of the instance and for someone whom it would suit best.

    `askers`: by kind of asker, the slot types open to them. A slot without a place left is `TAKEN` for everybody, and
    judged as if it had one.
    """
    full = slot.places <= 0
    free = replace(slot, places=1) if full else slot
    found = [_why(instance, request, free, travel, full=full) for request in instance.requests]
    blocked = Counter(blocker for each in found for blocker in each)
    alone = Counter(next(iter(each)) for each in found if len(each) == 1)
    return Offered(
        waiting=len(found),
        suits=sum(not each for each in found),
        tallies=tuple(
            RuleTally(blocker, blocked[blocker], alone[blocker], _find_most_wanted(instance, found, blocker, free))
            for blocker in Blocker
        ),
        askers=tuple(
            (asker, tuple(sorted(_why(instance, _best(free, sees, cpts), free, travel, full=full))))
            for asker, sees in askers.items()
        ),
    )


def _why(instance: Instance, request: Request, slot: Slot, travel: Travel | None, *, full: bool) -> frozenset[Blocker]:
    # One pair at a time: only this slot's practitioner matters.
    known = tuple(one for one in instance.practitioners if one.id == slot.practitioner)
    alone = replace(
        instance, requests=(request,), slots=(slot,), practitioners=known or (Practitioner(slot.practitioner),)
    )
    return frozenset(blockers(alone, request, slot, travel)) | (frozenset({Blocker.TAKEN}) if full else frozenset())


def _best(slot: Slot, sees: frozenset[SlotType], cpts: str) -> Request:
    """A request at the slot's door that asks for exactly what it gives."""
    act = min(slot.acts, default="")
    return Request(
        id="",
        urgency=Urgency.P4,
        point=slot.point,
        earliest_at_s=0,
        deadline_at_s=slot.starts_at_s,
        submitted_at_s=0,
        answer_by_at_s=0,
        cpts=cpts,
        professions=frozenset({slot.profession}),
        act=act,
        modes=slot.modes,
        sees=sees,
    )


def _find_most_wanted(instance: Instance, found: list[frozenset[Blocker]], blocker: Blocker, slot: Slot) -> str:
    """The mode or act that most of those kept away by this rule ask for and the slot does not give."""
    kept = [request for request, why in zip(instance.requests, found, strict=True) if blocker in why]
    asked: Counter[str] = Counter()
    if blocker is Blocker.MODE:
        asked.update(mode for request in kept for mode in request.modes - slot.modes)
    if blocker is Blocker.ACT:
        asked.update(request.act for request in kept)
    return min(asked, key=lambda each: (-asked[each], each), default="")
