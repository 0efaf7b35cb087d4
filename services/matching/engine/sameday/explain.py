"""What would serve those left out: each answer checked by solving again."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from services.matching.engine.market.proof import room
from services.matching.engine.market.residual import FAR
from services.matching.engine.model import Instance, Mode, Plan, Relaxation, Request, SlotType
from services.matching.engine.sameday.costs import dearest
from services.matching.engine.sameday.rules import on_top_left
from services.matching.engine.sameday.solve import Decided, decide
from services.matching.engine.sameday.table import NOT_ALLOWED, Table
from services.matching.engine.travel import Travel

IntArray = npt.NDArray[np.int64]
ANY_DISTANCE_S = 10**7
ANY_DELAY_S = 10**8
MOST_TRIES = 4
PLACE, TRAVEL, TELE, LATER, VISIBILITY = "place", "travel", "tele", "later", "visibility"


def explain(
    instance: Instance, plan: Plan, travel: Travel | None = None, only: frozenset[str] | None = None, check: bool = True
) -> Plan:
    """The same plan, each unmatched request (or only these) with the cheapest change of each kind that serves it.

    Prices foretell what serves; with `check`, each foretold change is confirmed by solving the whole round again.
    Without it, one more place may serve someone else of the same class for whom it is worth exactly as much.
    """
    explainer = Explainer(instance, travel, check)
    return replace(
        plan,
        unmatched=tuple(
            replace(one, relaxations=explainer.relaxations(one.request)) if only is None or one.request in only else one
            for one in plan.unmatched
        ),
    )


class Explainer:
    """One solved round, asked about one request after another."""

    def __init__(self, instance: Instance, travel: Travel | None = None, check: bool = True) -> None:
        self.travel, self.check = travel, check
        # Penalties must outweigh what a relaxed pair may cost, not only the pairs of this round.
        self.decided: Decided = decide(instance, travel, dearest(instance))
        self.instance = self.decided.table.instance
        self.price = self.decided.round.displacing()
        solved = self.decided.round.root
        self.free = np.zeros(0, dtype=bool) if solved is None else room(solved.network, solved.flow.slot)
        self.row_of = {request.id: row for row, request in enumerate(self.instance.requests)}

    def relaxations(self, request_id: str) -> tuple[Relaxation, ...]:
        """The cheapest change of each kind that would serve this request, the least demanding kinds first."""
        row = self.row_of[request_id]
        request = self.instance.requests[row]
        solved = self.decided.round.root
        if solved is None:
            return ()
        penalty = int(solved.flow.penalty[np.nonzero(solved.units == row)[0][0]]) // self.decided.round.scale
        # The load of the slot's practitioner grows whoever has the place: it decides nothing between people.
        saves = solved.duals.price // self.decided.round.scale
        found = [self._first(row, kind, relaxed, penalty) for kind, relaxed in variants(request)]
        return tuple(one for one in [self._one_more_place(row, penalty, saves), *found] if one is not None)

    def serves(self, request_id: str, relaxed: Instance) -> bool:
        """Whether the request gets a slot when this instance is solved."""
        again = decide(relaxed, self.travel)
        rows = [row for row, request in enumerate(again.table.requests) if request.id == request_id]
        return bool(again.chosen[rows[0]] >= 0)

    def _first(self, row: int, kind: str, relaxed: Request, penalty: int) -> Relaxation | None:
        request, slots = self.instance.requests[row], self.instance.slots
        block = Table(replace(self.instance, requests=(relaxed,)), self.travel).block(np.array([0]))
        before = self.decided.table.block(np.array([row])).allowed[0]
        price = self.price
        serves = block.allowed[0] & ~before & (price < FAR)
        # A free place serves whatever it costs.
        serves &= self.free | (np.where(serves, block.cost[0], 0) + price < penalty)
        if request.party > 1:
            serves = block.allowed[0] & ~before
        amounts = _amounts(kind, request, block.travel_s[0], np.array([slot.starts_at_s for slot in slots]))
        columns = sorted(np.nonzero(serves)[0], key=lambda c: (int(amounts[c]), int(block.cost[0, c]), int(c)))
        for column in columns[:MOST_TRIES]:
            found = Relaxation(kind, int(amounts[column]), slots[column].id, slots[column].practitioner)
            if not self.check or self.serves(request.id, apply(self.instance, request, found)):
                return found
        return None

    def _one_more_place(self, row: int, penalty: int, saves: IntArray) -> Relaxation | None:
        request, slots = self.instance.requests[row], self.instance.slots
        block = self.decided.table.block(np.array([row]))
        saved = penalty - np.where(block.allowed[0], block.cost[0], NOT_ALLOWED)
        short = saves - saved
        # Where serving this very person is the best use of the place, it is theirs up to a tie; the others are tried.
        allowed = np.nonzero(block.allowed[0])[0]
        askable = [c for c in allowed if on_top_left(self.decided.table.offer.practitioners[c]) >= request.party]
        columns = sorted(askable, key=lambda c: (int(short[c]), int(block.cost[0, c]), int(c)))
        for column in columns[:MOST_TRIES]:
            found = Relaxation(PLACE, request.party, slots[column].id, slots[column].practitioner)
            best_use = short[column] <= 0
            if best_use if not self.check else self.serves(request.id, apply(self.instance, request, found)):
                return found
        return None


def variants(request: Request) -> Iterator[tuple[str, Request]]:
    """The request with one demand dropped, for each kind of change that can be asked."""
    yield TRAVEL, replace(request, max_travel_s=ANY_DISTANCE_S)
    if Mode.VR not in request.modes:
        yield TELE, replace(request, modes=request.modes | {Mode.VR})
    yield LATER, replace(request, deadline_at_s=request.deadline_at_s + ANY_DELAY_S)
    if request.sees != frozenset(SlotType):
        yield VISIBILITY, replace(request, sees=frozenset(SlotType))


def apply(instance: Instance, request: Request, change: Relaxation) -> Instance:
    """The instance once the change is made."""
    if change.kind == PLACE:
        return _with_more_places(instance, change)
    changed = {
        TRAVEL: replace(request, max_travel_s=request.max_travel_s + change.amount),
        TELE: replace(request, modes=request.modes | {Mode.VR}),
        LATER: replace(request, deadline_at_s=request.deadline_at_s + change.amount),
        VISIBILITY: replace(request, sees=frozenset(SlotType)),
    }[change.kind]
    return replace(instance, requests=tuple(changed if one.id == request.id else one for one in instance.requests))


def _with_more_places(instance: Instance, change: Relaxation) -> Instance:
    more = change.amount
    slots = [replace(one, places=one.places + more) if one.id == change.slot else one for one in instance.slots]
    practitioners = [
        replace(one, week_cap=one.week_cap + more)
        if one.id == change.practitioner and one.week_cap is not None
        else one
        for one in instance.practitioners
    ]
    return replace(instance, slots=tuple(slots), practitioners=tuple(practitioners))


def _amounts(kind: str, request: Request, travel_s: IntArray, starts: IntArray) -> IntArray:
    if kind == TRAVEL:
        return np.asarray(travel_s - request.max_travel_s)
    if kind == LATER:
        return np.asarray(starts - request.deadline_at_s)
    return np.zeros(len(starts), dtype=np.int64)
