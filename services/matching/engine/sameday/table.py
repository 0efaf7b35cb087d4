"""An instance as arrays: which pairs are allowed and what each costs, a block of requests at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.matching.engine.model import Blocker, Instance, Point, Practitioner
from services.matching.engine.sameday.costs import Terms, terms
from services.matching.engine.sameday.rules import (
    AT_HOME,
    IN_OFFICE,
    NO_RAMP,
    REMOTE,
    RULES,
    Lifted,
    Side,
    Ways,
    blockers,
    rules_for,
    ways,
)
from services.matching.engine.travel import Travel, travel_model

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
NOT_ALLOWED = np.int64(1) << 60
SMALL = 4_000_000


@dataclass(frozen=True, slots=True)
class PairBlock:
    """Some requests against every slot: shape (requests, slots). A pair that is not allowed costs `NOT_ALLOWED`."""

    allowed: BoolArray
    cost: IntArray
    travel_s: IntArray


class OfferTable:
    """The slots of an instance as arrays: what is the same for every request, kept from one request to the next."""

    def __init__(self, instance: Instance) -> None:
        self.slots = instance.slots
        known = {one.id: one for one in instance.practitioners}
        self.practitioners = [known.get(slot.practitioner, Practitioner(slot.practitioner)) for slot in self.slots]
        self.slot_index = {slot.id: column for column, slot in enumerate(self.slots)}
        self.rules = [Side(rule, self.slots, self.practitioners) for rule in RULES]
        self.modes = [Side(rule, self.slots, self.practitioners) for rule in (REMOTE, AT_HOME, IN_OFFICE, NO_RAMP)]
        self.sites, self.site_of = _distinct_points([slot.point for slot in self.slots])
        self.starts = _ints([slot.starts_at_s for slot in self.slots])
        self.practice_index = {name: n for n, name in enumerate(dict.fromkeys(s.practitioner for s in self.slots))}
        self.practice = _ints([self.practice_index[slot.practitioner] for slot in self.slots])


class Table:
    """The pairs of an instance, computed on demand by blocks of rows."""

    def __init__(self, instance: Instance, travel: Travel | None = None, offer: OfferTable | None = None) -> None:
        self.instance, self.travel = instance, travel_model(instance, travel)
        self.offer = OfferTable(instance) if offer is None else offer
        self.requests, self.slots = instance.requests, self.offer.slots
        self._whole: PairBlock | None = None
        self._lifted = [Lifted(side, self.requests) for side in self.offer.rules]
        self._modes = [Lifted(side, self.requests) for side in self.offer.modes]
        self._asked = _ints([(r.earliest_at_s, r.deadline_at_s, r.max_travel_s) for r in self.requests]).reshape(-1, 3)
        weights = instance.parameters.wait_weight_milli
        self._weights = _ints([weights[request.urgency - 1] for request in self.requests])
        self._habitual = _ints([self.offer.practice_index.get(request.habitual, -1) for request in self.requests])

    def travel_rows(self, rows: IntArray) -> IntArray:
        """Seconds from each of these requests to every slot."""
        found = np.zeros((len(rows), len(self.offer.sites)), dtype=np.int64)
        for on_foot in (False, True):
            picked = [n for n, row in enumerate(rows) if self.requests[row].on_foot == on_foot]
            if picked:
                origins, origin_of = _distinct_points([self.requests[rows[n]].point for n in picked])
                found[picked] = self.travel(origins, self.offer.sites, on_foot=on_foot)[origin_of]
        return found[:, self.offer.site_of]

    def ways_rows(self, rows: IntArray, travel_s: IntArray) -> Ways:
        """How each of these pairs may meet."""
        asked = tuple(column[:, None] for column in self._asked[rows].T)
        modes = tuple(lifted.rows(rows) for lifted in self._modes)
        return ways(self.instance.now_at_s, asked, self.offer.starts[None, :], travel_s, modes)  # type: ignore[arg-type]

    def block(self, rows: IntArray) -> PairBlock:
        """Whether each pair is allowed, and its cost without fairness; kept when the whole table is small."""
        if len(self.requests) * len(self.slots) > SMALL:
            return self._block(rows)
        if self._whole is None:
            self._whole = self._block(np.arange(len(self.requests)))
        return PairBlock(self._whole.allowed[rows], self._whole.cost[rows], self._whole.travel_s[rows])

    def _block(self, rows: IntArray) -> PairBlock:
        travel_s = self.travel_rows(rows)
        pair = self.ways_rows(rows, travel_s)
        allowed = pair.by_sight | pair.remote
        for lifted in self._lifted:
            if not lifted.never:
                allowed &= ~lifted.rows(rows)
        self._keep_promises(rows, allowed)
        cost = np.where(allowed, self.terms_rows(rows, travel_s, pair).total, NOT_ALLOWED)
        return PairBlock(allowed, cost, travel_s)

    def terms_rows(self, rows: IntArray, travel_s: IntArray, pair: Ways) -> Terms:
        """The cost of each pair, term by term."""
        wait_s = self.offer.starts[None, :] - self._asked[rows, 0][:, None]
        habitual = (self._habitual[rows][:, None] == self.offer.practice[None, :]) & (self._habitual[rows] >= 0)[
            :, None
        ]
        return terms(
            self.instance.parameters,
            travel_s,
            pair,
            wait_s,
            self._weights[rows][:, None],
            (habitual, self._find_moved(rows)),
        )

    def _find_moved(self, rows: IntArray) -> BoolArray:
        moved = np.zeros((len(rows), len(self.slots)), dtype=bool)
        for n, row in enumerate(rows):
            told = self.requests[row].notified
            if told:
                moved[n] = True
                if told in self.offer.slot_index:
                    moved[n, self.offer.slot_index[told]] = False
        return moved

    def _keep_promises(self, rows: IntArray, allowed: BoolArray) -> None:
        for n, row in enumerate(rows):
            request = self.requests[row]
            for slot_id in {request.forced, request.notified} & self.offer.slot_index.keys():
                column = self.offer.slot_index[slot_id]
                if rules_for(request, slot_id) is not None:
                    allowed[n, column] = not any(blockers(self.instance, request, self.slots[column], self.travel))

    def count_blockers(self, row: int) -> dict[Blocker, int]:
        """How many slots each blocker excludes for one request; a slot counts once for each of its blockers."""
        rows = np.array([row])
        pair = self.ways_rows(rows, self.travel_rows(rows))
        found = {lifted.blocker: lifted.rows(rows)[0] for lifted in self._lifted}
        found |= {Blocker.WINDOW: pair.out_of_window[0], Blocker.DISTANCE: pair.too_far[0]}
        found |= {Blocker.WHEELCHAIR: pair.no_ramp[0]}
        request = self.requests[row]
        for slot_id in {request.forced, request.notified} & self.offer.slot_index.keys():
            if rules_for(request, slot_id) is not None:
                column = self.offer.slot_index[slot_id]
                why = set(blockers(self.instance, request, self.slots[column], self.travel))
                for blocker, mask in found.items():
                    mask[column] = blocker in why
        return {blocker: int(mask.sum()) for blocker, mask in found.items() if mask.any()}


def _distinct_points(points: Sequence[Point]) -> tuple[list[Point], IntArray]:
    index: dict[Point, int] = {}
    positions = _ints([index.setdefault(point, len(index)) for point in points])
    return list(index), positions


def _ints(values: Sequence[object]) -> IntArray:
    return np.array(values, dtype=np.int64)
