"""One day lived under one policy: events in order, what is told to whom, and what people then do."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from services.matching.lab.closing import FLOOR_S, LOOK_AGAIN_S, Closing, closes_at_s
from services.matching.lab.days.day import Day, Mishap
from services.matching.lab.pairs import NEVER, Pairs

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NONE = -1
NEVER_BACK = Closing()


class DayEvent(IntEnum):
    """What happens, in the order it is taken at one instant."""

    PUBLISHED = 0
    WITHDRAWN = 1
    CANCELLED = 2
    ASKED = 3
    TICK = 4
    GIVEN_BACK = 5


@dataclass(frozen=True, slots=True)
class SlotTold:
    """At this instant, this request was told this slot; `accepted` says whether the patient took it."""

    at_s: int
    request: int
    slot: int
    accepted: bool = True


@dataclass(slots=True)
class Life:
    """The state of a day. Rows are requests, columns are slots, as in `pairs`; `told` holds a column or NONE.

    `fresh_slots` and `fresh_requests` are what changed since the last decision.
    """

    pairs: Pairs
    until_at_s: Ints
    places: Ints
    published: Mask
    asked: Mask
    gone: Mask
    told: Ints
    told_at_s: Ints
    was_moved: Mask
    refuses: Ints
    log: list[SlotTold]
    fresh_slots: list[int]
    fresh_requests: list[int]
    provisional: dict[int, int]
    now_at_s: int = 0
    moved: int = 0
    dropped: int = 0
    given_back: int = 0

    def waiting(self) -> Ints:
        """Rows that asked, have no slot and can still be given one, in order of arrival."""
        return np.flatnonzero(
            self.asked & ~self.gone & (self.told == NONE) & (self.pairs.deadline_at_s >= self.now_at_s)
        )

    def free(self) -> Ints:
        """Columns with a place left that have not started."""
        return np.flatnonzero(self.published & (self.places > 0) & (self.pairs.starts_at_s >= self.now_at_s))


Decide = Callable[[Life], list[tuple[int, int]]]


def begin(day: Day, pairs: Pairs) -> Life:
    """The state before anything has happened."""
    requests, slots = len(day.requests), len(day.slots)
    mishaps = {one.request: one for one in day.mishaps}
    refuses = [mishaps[request.id].refuses if request.id in mishaps else 0 for request in day.requests]
    return Life(
        pairs=pairs,
        until_at_s=pairs.until_at_s.copy(),
        places=pairs.places.copy(),
        published=np.zeros(slots, np.bool_),
        asked=np.zeros(requests, np.bool_),
        gone=np.zeros(requests, np.bool_),
        told=np.full(requests, NONE, np.int64),
        told_at_s=np.zeros(requests, np.int64),
        was_moved=np.zeros(requests, np.bool_),
        refuses=np.array(refuses, np.int64),
        log=[],
        fresh_slots=[],
        fresh_requests=[],
        provisional={},
        now_at_s=day.opens_at_s,
    )


def live(day: Day, pairs: Pairs, decide: Decide, period_s: int, closing: Closing = NEVER_BACK) -> Life:
    """Run the day: all events of an instant, then a decision; with a period, decisions only at its ticks.

    What is empty when it goes back is given to nobody any more.
    """
    life, mishaps = begin(day, pairs), {one.request: one for one in day.mishaps}
    queue = _events(day, period_s)
    queue += [(at, int(DayEvent.GIVEN_BACK), column) for at, column in closes_at_s(pairs, closing)]
    heapq.heapify(queue)
    while queue:
        at, kind, which = heapq.heappop(queue)
        life.now_at_s = at
        if kind == DayEvent.GIVEN_BACK:
            _give_back(life, closing, which, queue)
            continue
        _happen(life, DayEvent(kind), which)
        same_instant = bool(queue) and queue[0][0] == at
        if kind == DayEvent.TICK or (not period_s and not same_instant):
            _decide(life, day, decide, mishaps, queue)
    return life


def _events(day: Day, period_s: int) -> list[tuple[int, int, int]]:
    columns = {slot.id: column for column, slot in enumerate(day.slots)}
    published = [(at, int(DayEvent.PUBLISHED), column) for column, at in enumerate(day.published_at_s)]
    withdrawn = [(at, int(DayEvent.WITHDRAWN), columns[slot]) for slot, at in day.withdrawn]
    asked = [(request.submitted_at_s, int(DayEvent.ASKED), row) for row, request in enumerate(day.requests)]
    ticks = range(day.opens_at_s, day.closes_at_s + 1, period_s) if period_s else range(0)
    return published + withdrawn + asked + [(at, int(DayEvent.TICK), 0) for at in ticks]


def _happen(life: Life, kind: DayEvent, which: int) -> None:
    if kind == DayEvent.PUBLISHED:
        life.published[which] = True
        life.fresh_slots.append(which)
    elif kind == DayEvent.ASKED:
        life.asked[which] = True
        life.fresh_requests.append(which)
    elif kind == DayEvent.WITHDRAWN:
        _withdraw(life, which)
    elif kind == DayEvent.CANCELLED:
        _cancel(life, which)


def _give_back(life: Life, closing: Closing, column: int, queue: list[tuple[int, int, int]]) -> None:
    """An empty slot goes back; with `kept`, it is looked at again while someone who waits could take it."""
    if not life.published[column] or life.places[column] < life.pairs.places[column]:
        return
    floor = life.pairs.starts_at_s[column] - FLOOR_S
    if closing.kept and life.now_at_s < floor and (life.until_at_s[life.waiting(), column] >= life.now_at_s).any():
        heapq.heappush(queue, (life.now_at_s + LOOK_AGAIN_S, int(DayEvent.GIVEN_BACK), column))
        return
    _withdraw(life, column)
    life.given_back += 1


def _withdraw(life: Life, column: int) -> None:
    """The practitioner takes the slot back: whoever was told it waits again."""
    life.until_at_s[:, column] = NEVER
    life.places[column] = 0
    for row in np.flatnonzero((life.told == column) & ~life.gone):
        life.told[row] = NONE
        life.dropped += 1
        life.fresh_requests.append(int(row))
    life.provisional = {row: slot for row, slot in life.provisional.items() if slot != column}
    life.fresh_slots.append(column)


def _cancel(life: Life, row: int) -> None:
    """The patient cancels before the start: the place is free again. After, it is too late to give it to anybody."""
    column = int(life.told[row])
    life.gone[row] = True
    life.provisional.pop(row, None)
    if column != NONE and life.pairs.starts_at_s[column] > life.now_at_s:
        life.told[row] = NONE
        life.places[column] += life.pairs.party[row]
        life.fresh_slots.append(column)


def _decide(
    life: Life, day: Day, decide: Decide, mishaps: dict[str, Mishap], queue: list[tuple[int, int, int]]
) -> None:
    """Ask the policy and tell people; a refusal is known at once, so the policy is asked again."""
    while True:
        refused = False
        for row, column in decide(life):
            first = life.told[row] == NONE and life.told_at_s[row] == 0
            if not _tell(life, day, row, column):
                refused = True
                continue
            mishap = mishaps.get(day.requests[row].id)
            if first and mishap is not None and mishap.cancels_after_s is not None:
                heapq.heappush(queue, (life.now_at_s + mishap.cancels_after_s, int(DayEvent.CANCELLED), row))
        life.fresh_slots, life.fresh_requests = [], []
        if not refused:
            return
        life.fresh_requests = [int(row) for row in life.waiting()]


def _tell(life: Life, day: Day, row: int, column: int) -> bool:
    """Tell a patient a slot; answers whether they take it. A refusal forbids that practitioner for that patient."""
    life.provisional.pop(row, None)
    moving = life.told[row] != NONE
    accepted = moving or life.refuses[row] == 0
    life.log.append(SlotTold(life.now_at_s, row, column, accepted))
    if not accepted:
        life.refuses[row] -= 1
        practitioner = day.slots[column].practitioner
        same = [i for i, slot in enumerate(day.slots) if slot.practitioner == practitioner]
        life.until_at_s[row, same] = NEVER
        return False
    if moving:
        life.moved += 1
        life.was_moved[row] = True
        life.places[life.told[row]] += life.pairs.party[row]
    life.told[row], life.told_at_s[row] = column, life.now_at_s
    life.places[column] -= life.pairs.party[row]
    return True
