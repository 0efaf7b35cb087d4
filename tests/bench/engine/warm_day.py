"""A day played event by event on the warm matcher, each event timed, and compared with a full solve now and then."""

import time
from dataclasses import replace
from heapq import heapify, heappop, heappush

import numpy as np

from services.matching.engine.market.incremental import Matcher
from services.matching.engine.market.network import IntArray, Network
from services.matching.engine.model import Instance
from services.matching.engine.sameday.table import NOT_ALLOWED, OfferTable, Table
from tests.bench.engine import peers
from tests.bench.engine.territories import MORNING

PENALTY_S = 1_000_000
K = 40
EVERY = 40
CONFIRM_AFTER_S = (0, 600, 3600, 10800)
KNOWN_AT_FIRST = 0.6
CLOSES_BEFORE_S = 1800
ARRIVAL, INSERTION, PUBLISHED = "arrival: candidates, insertion", "insertion alone", "slot published"
DECIDED, CLOSED = "given for good", "slot about to start"


class WarmDay:
    """Requests and slots of an instance as they come; `seconds` of this thread by kind of event, `checks` passed."""

    def __init__(self, instance: Instance) -> None:
        self.instance, self.offer = instance, OfferTable(instance)
        self.matcher = Matcher()
        self.seconds: dict[str, list[float]] = {ARRIVAL: [], INSERTION: [], PUBLISHED: [], DECIDED: [], CLOSED: []}
        self.checks: list[tuple[float, bool]] = []
        self.most_open = 0
        self.number: dict[int, int] = {}
        self.waiting: dict[int, int] = {}
        draw = np.random.default_rng(len(instance.requests))
        starts = np.array([slot.starts_at_s for slot in instance.slots])
        late = starts - draw.integers(30, 240, len(starts)) * 60
        published = np.where(draw.random(len(starts)) < KNOWN_AT_FIRST, MORNING, np.maximum(MORNING, late))
        self.queue = [(int(at), 0, PUBLISHED, column) for column, at in enumerate(published)]
        self.queue += [(request.submitted_at_s, 1, ARRIVAL, row) for row, request in enumerate(instance.requests)]
        self.queue += [(int(at) - CLOSES_BEFORE_S, 3, CLOSED, column) for column, at in enumerate(starts)]
        heapify(self.queue)

    def run(self) -> None:
        """Play the day."""
        done = 0
        actions = {
            ARRIVAL: self._arrives,
            PUBLISHED: self._published,
            DECIDED: self._decided,
            CLOSED: self._closed,
        }
        while self.queue:
            now, _, kind, which = heappop(self.queue)
            start = time.thread_time()
            acted = actions[kind](which, now)
            if acted:
                self.seconds[kind].append(time.thread_time() - start)
                done += 1
                self.most_open = max(self.most_open, len(self.waiting))
                if done % EVERY == 0 and self.waiting:
                    self.checks.append(self._check())

    def _costs(self, rows: list[int], now: int, offer: OfferTable | None) -> IntArray:
        requests = tuple(self.instance.requests[row] for row in rows)
        seen = replace(self.instance, now_at_s=now, requests=requests)
        return Table(seen, offer=offer).block(np.arange(len(rows))).cost

    def _arrives(self, row: int, now: int) -> bool:
        request = self.instance.requests[row]
        cost = self._costs([row], now, self.offer)[0]
        known = [column for column in np.argsort(cost, kind="stable")[: 4 * K] if cost[column] < NOT_ALLOWED]
        listed = [column for column in known if column in self.number][:K]
        penalty = PENALTY_S * (5 - request.urgency)
        slots = [self.number[column] for column in listed]
        start = time.thread_time()
        self.waiting[row] = self.matcher.add_request([int(cost[column]) for column in listed], slots, penalty)
        self.seconds[INSERTION].append(time.thread_time() - start)
        heappush(self.queue, (now + CONFIRM_AFTER_S[request.urgency - 1], 2, DECIDED, row))
        return True

    def _published(self, column: int, now: int) -> bool:
        slot = self.instance.slots[column]
        if now > slot.starts_at_s - CLOSES_BEFORE_S:
            return False
        rows = list(self.waiting)
        arcs = []
        if rows:
            seen = replace(
                self.instance, now_at_s=now, requests=tuple(self.instance.requests[row] for row in rows), slots=(slot,)
            )
            cost = Table(seen).block(np.arange(len(rows))).cost[:, 0]
            arcs = [(self.waiting[row], int(c)) for row, c in zip(rows, cost, strict=True) if c < NOT_ALLOWED]
        self.number[column] = self.matcher.add_slot(slot.places, arcs)
        return True

    def _decided(self, row: int, now: int) -> bool:
        """The request has waited as long as it may: it gets its slot, or looks again until its deadline."""
        if row not in self.waiting:
            return False
        request, number = self.instance.requests[row], self.waiting[row]
        if self.matcher.slot[number] >= 0:
            self.matcher.commit(number)
        elif now + 600 <= request.deadline_at_s:
            heappush(self.queue, (now + 600, 2, DECIDED, row))
            return False
        else:
            self.matcher.remove_request(number)
        del self.waiting[row]
        return True

    def _closed(self, column: int, _now: int) -> bool:
        """Whoever has the slot keeps it; a place nobody has is lost."""
        number = self.number.pop(column, None)
        if number is None:
            return False
        row_of = {of_matcher: row for row, of_matcher in self.waiting.items()}
        for holder in list(self.matcher.holders[number]):
            self.matcher.commit(holder)
            del self.waiting[row_of[holder]]
        while self.matcher.places[number]:
            self.matcher.take_place(number)
        return True

    def _check(self) -> tuple[float, bool]:
        """Seconds of a full solve of what is open, and whether it finds the same objective."""
        alive = list(self.waiting.values())
        costs, slots = self.matcher.costs, self.matcher.slots
        rows = [(n, s, c) for n, r in enumerate(alive) for c, s in zip(costs[r], slots[r], strict=True)]
        request, slot, cost = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        penalty = np.array([self.matcher.penalty[r] for r in alive], dtype=np.int64)
        places = np.array(self.matcher.places, dtype=np.int64)
        network = Network(np.arange(len(alive)), request, slot, cost, places, np.zeros(0, dtype=np.int64))
        seconds, unserved, travel = peers.raw_flow(network, penalty)
        best = travel + int(penalty[np.array(unserved, dtype=bool)].sum())
        return seconds, best == self.matcher.cost()
