"""The hard rules: why a slot cannot serve a request. Written once, read by the solver, the judge and the screens.

A rule that compares two attributes is a `Rule`; `blockers` applies it to one pair, `blocked` to all pairs at once by
applying it to the distinct values only. Time and distance are comparisons that hold for numbers and arrays alike.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from services.matching.engine.model import Blocker, Instance, Mode, Practitioner, Request, Slot
from services.matching.engine.travel import Travel, travel_model

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
NO_CAP = 1 << 40


@dataclass(frozen=True, slots=True)
class Rule:
    """One comparison of what is asked with what is offered."""

    blocker: Blocker
    of_request: Callable[[Request], Hashable]
    of_slot: Callable[[Slot, Practitioner], Hashable]
    forbids: Callable[[Any, Any], bool]


def places_left_this_week(practitioner: Practitioner) -> int:
    """How many more people the practitioner takes before next week."""
    if practitioner.week_cap is None:
        return NO_CAP
    return max(0, practitioner.week_cap - practitioner.served_this_week)


def on_top_left(practitioner: Practitioner) -> int:
    """How many more people on top of their slots the practitioner may be asked for before next week."""
    if practitioner.on_top_limit is None:
        return NO_CAP
    return max(0, practitioner.on_top_limit - practitioner.on_top_this_week)


def _hidden(asking: tuple[str, frozenset[Any]], shown: tuple[frozenset[str], frozenset[Any]]) -> bool:
    return asking[1].isdisjoint(shown[1]) or (bool(shown[0]) and asking[0] not in shown[0])


def _out_of_age(age: int | None, taken: tuple[int, int]) -> bool:
    return age is not None and not taken[0] <= age <= taken[1]


def _not_allowed(request: tuple[frozenset[str], str], slot: tuple[str, str]) -> bool:
    forbidden, forced = request
    return slot[0] in forbidden or slot[1] in forbidden or (forced != "" and forced != slot[0])


PROFESSION = Rule(
    Blocker.PROFESSION, lambda r: r.professions, lambda s, _: s.qualified | {s.profession}, frozenset.isdisjoint
)
ACT = Rule(Blocker.ACT, lambda r: r.act, lambda s, _: s.acts, lambda act, acts: bool(act and acts and act not in acts))
AGE = Rule(Blocker.AGE, lambda r: r.age, lambda s, _: (s.min_age, s.max_age), _out_of_age)
MODE = Rule(Blocker.MODE, lambda r: r.modes, lambda s, _: s.modes, lambda asked, given: asked.isdisjoint(given))
VISIBILITY = Rule(Blocker.VISIBILITY, lambda r: (r.cpts, r.sees), lambda s, _: (s.cpts, s.types), _hidden)
PAUSED = Rule(Blocker.PAUSED, lambda _: True, lambda _, p: p.paused, lambda _, paused: paused)
WEEK_CAP = Rule(
    Blocker.WEEK_CAP, lambda r: r.party, lambda _, p: places_left_this_week(p), lambda people, left: people > left
)
FORBIDDEN = Rule(
    Blocker.FORBIDDEN, lambda r: (r.forbidden, r.forced), lambda s, _: (s.id, s.practitioner), _not_allowed
)
PARTY = Rule(Blocker.PARTY, lambda r: r.party, lambda s, _: s.places, lambda people, places: people > places)
RULES = (PROFESSION, ACT, AGE, MODE, VISIBILITY, PAUSED, WEEK_CAP, FORBIDDEN, PARTY)

# What still holds for the slot a patient was told, and for the one a person chose: a promise outlives the other rules.
RULES_OF_NOTIFIED = (FORBIDDEN, PARTY)
RULES_OF_FORCED = (PARTY,)

REMOTE = Rule(Blocker.MODE, lambda r: r.modes, lambda s, _: s.modes, lambda a, b: Mode.VR in a and Mode.VR in b)
AT_HOME = Rule(Blocker.MODE, lambda r: r.modes, lambda s, _: s.modes, lambda a, b: Mode.HH in a and Mode.HH in b)
IN_OFFICE = Rule(Blocker.MODE, lambda r: r.modes, lambda s, _: s.modes, lambda a, b: Mode.AMB in a and Mode.AMB in b)
NO_RAMP = Rule(
    Blocker.WHEELCHAIR, lambda r: r.wheelchair, lambda s, _: s.wheelchair, lambda needs, has: bool(needs and not has)
)


@dataclass(frozen=True, slots=True)
class Ways:
    """By which modes each pair may meet, and what stands in the way; scalars or arrays of one shape."""

    by_sight: Any
    """In person: at the office within reach and with a ramp if needed, or at home within reach."""
    remote: Any
    out_of_window: Any
    too_far: Any
    no_ramp: Any


def ways(now_at_s: int, asked: Any, slot_starts_at_s: Any, travel_s: Any, modes: tuple[Any, Any, Any, Any]) -> Ways:
    """Apply the rules of time and distance.

    `asked` is (earliest_at_s, deadline_at_s, max_travel_s), `modes` is (remote, at home, in the office, no ramp); all
    broadcast together. One who must travel must have the time to arrive.
    """
    earliest, deadline, max_travel = asked
    remote, at_home, in_office, no_ramp = (np.asarray(mode, dtype=bool) for mode in modes)
    office = in_office & ~no_ramp
    meets = at_home | office
    far = travel_s > max_travel
    late_to_arrive = slot_starts_at_s < now_at_s + travel_s
    outside = (slot_starts_at_s < earliest) | (slot_starts_at_s > deadline) | (slot_starts_at_s < now_at_s)
    by_sight = meets & ~far & ~outside & (at_home | ~late_to_arrive)
    cannot_arrive = meets & ~remote & ~at_home & ~far & late_to_arrive
    return Ways(
        by_sight=by_sight,
        remote=remote & ~outside,
        out_of_window=outside | cannot_arrive,
        too_far=far & (in_office | at_home) & ~remote,
        no_ramp=in_office & no_ramp & ~at_home & ~remote,
    )


def _find(ways_: Ways) -> Iterator[tuple[Blocker, Any]]:
    yield Blocker.WINDOW, ways_.out_of_window
    yield Blocker.DISTANCE, ways_.too_far
    yield Blocker.WHEELCHAIR, ways_.no_ramp


def practitioner_of(instance: Instance, slot: Slot) -> Practitioner:
    """The practitioner of a slot; one without a ledger has no load and no limit."""
    known = (one for one in instance.practitioners if one.id == slot.practitioner)
    return next(known, Practitioner(slot.practitioner))


def rules_for(request: Request, slot_id: str) -> tuple[Rule, ...] | None:
    """The few rules that hold on a slot promised or chosen by a person; None where all hold."""
    if request.forced == slot_id:
        return RULES_OF_FORCED
    if request.notified == slot_id and not request.forced:
        return RULES_OF_NOTIFIED
    return None


def blockers(instance: Instance, request: Request, slot: Slot, travel: Travel | None = None) -> Iterator[Blocker]:
    """Why this slot cannot serve this request: every reason, none when it can. Others holding it is not one."""
    practitioner = practitioner_of(instance, slot)
    few = rules_for(request, slot.id)
    for rule in RULES if few is None else few:
        if rule.forbids(rule.of_request(request), rule.of_slot(slot, practitioner)):
            yield rule.blocker
    if few is None:
        travel_s = travel_model(instance, travel)([request.point], [slot.point], on_foot=request.on_foot).squeeze()
        asked = (request.earliest_at_s, request.deadline_at_s, request.max_travel_s)
        modes = tuple(_applies(rule, request, slot) for rule in (REMOTE, AT_HOME, IN_OFFICE, NO_RAMP))
        for blocker, applies in _find(ways(instance.now_at_s, asked, slot.starts_at_s, travel_s, modes)):  # type: ignore[arg-type]
            if applies:
                yield blocker


def _applies(rule: Rule, request: Request, slot: Slot) -> bool:
    return rule.forbids(rule.of_request(request), rule.of_slot(slot, Practitioner("")))


class Side:
    """The side of one rule that slots give: each distinct value once. It outlives the requests it is read for."""

    def __init__(self, rule: Rule, slots: Sequence[Slot], practitioners: Sequence[Practitioner]) -> None:
        self.rule = rule
        values = [rule.of_slot(slot, practitioner) for slot, practitioner in zip(slots, practitioners, strict=True)]
        self.given, self.columns = _distinct(values)


class Lifted:
    """One rule applied to many pairs: to each distinct value once, then spread by index."""

    def __init__(self, side: Side, requests: Sequence[Request]) -> None:
        rule, given = side.rule, side.given
        self.blocker = rule.blocker
        asked, self._rows = _distinct([rule.of_request(request) for request in requests])
        self._columns = side.columns
        self._table: BoolArray = np.array([[rule.forbids(a, b) for b in given] for a in asked], dtype=bool)
        self._table = self._table.reshape(len(asked), len(given))
        self.never = not self._table.any()

    def rows(self, rows: IntArray) -> BoolArray:
        """For these requests and every slot, whether the rule forbids."""
        return self._table[np.ix_(self._rows[rows], self._columns)]


def _distinct(values: Sequence[Hashable]) -> tuple[list[Hashable], IntArray]:
    index: dict[Hashable, int] = {}
    positions = np.array([index.setdefault(value, len(index)) for value in values], dtype=np.int64)
    return list(index), positions
