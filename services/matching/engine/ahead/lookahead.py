"""Looking ahead: what the best plans of several sampled futures agree on, for those who wait now.

Each future adds requests and slots that are expected to those there are. Its best plan is a ballot: the slot it gives
each person present, or none now, because somebody to come would need it more. What most ballots agree on is done.
Nobody is held back past the time by which they must know, nor at the price of anybody present.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.matching.engine.ahead.policies import UNSERVED, count_agreement, has_majority
from services.matching.engine.market.flow import solve_flow
from services.matching.engine.market.network import Network
from services.matching.engine.model import Instance, Plan, Request, Slot
from services.matching.engine.sameday.rules import AT_HOME, REMOTE, Lifted, Side, places_left_this_week, practitioner_of
from services.matching.engine.sameday.table import PairBlock, Table
from services.matching.engine.travel import Travel

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
NEVER = np.int64(-1)
FUTURE_K = 20
"""Cheapest slots looked at for each request of a sampled future."""


@dataclass(frozen=True, slots=True)
class Future:
    """What may come: requests, and slots with the instant at which they open."""

    requests: tuple[Request, ...] = ()
    slots: tuple[tuple[Slot, int], ...] = ()


Ballot = Mapping[str, str]
"""The slot that one future gives to each request present; those it keeps waiting are not in it."""


def best_plan(cost: Ints, allowed: Mask, rank: Ints, places: Ints) -> Ints:
    """The column given to each row, -1 for none: the engine's flow, most rows rank by rank, then least cost."""
    row, column = np.nonzero(allowed)
    if not row.size:
        return np.full(cost.shape[0], UNSERVED, np.int64)
    cheapest_first = np.lexsort((cost[row, column], row))
    row, column = row[cheapest_first], column[cheapest_first]
    network = Network(rank, row, column, cost[row, column], places, np.zeros(0, np.int64))
    return np.asarray(solve_flow(network).slot, np.int64)


def until_at_s(table: Table, block: PairBlock) -> Ints:
    """The last instant at which each pair of a whole table can be decided, `NEVER` for a pair the rules forbid.

    The start of the slot, minus the journey of a patient who has to come.
    """
    rows = np.arange(len(table.requests))
    starts = table.offer.starts[None, :]
    stays = np.zeros(block.cost.shape, np.bool_)
    for rule in (REMOTE, AT_HOME):
        if block.cost.size:
            stays |= Lifted(Side(rule, table.slots, table.offer.practitioners), table.requests).rows(rows)
    return np.where(block.allowed, np.where(stays, starts, starts - block.travel_s), NEVER)


def ballot_columns(cost: Ints, allowed: Mask, rank: Ints, places: Ints, present: tuple[int, int]) -> Ints:
    """The slot given to each row present; `UNSERVED` for those left to later slots or to none.

    `present` counts the rows and the columns there are now: they come first.
    """
    rows, columns = present
    if cost.shape[1] > FUTURE_K:
        masked = np.where(allowed, cost, np.iinfo(np.int64).max)
        allowed = allowed & (cost <= np.partition(masked, FUTURE_K - 1, axis=1)[:, FUTURE_K - 1 : FUTURE_K])
    chosen = best_plan(cost, allowed, rank, places)[:rows]
    return np.where(chosen < columns, chosen, UNSERVED)


def vote(
    instance: Instance, future: Future, closes_at_s: Mapping[str, int], travel: Travel | None = None
) -> dict[str, str]:
    """The ballot of one future for the requests of an instance; households, no flow, do not vote.

    `closes_at_s`: by slot, when it is given back to its practitioner if nobody took it; others last to their start.
    """
    present = tuple(request for request in instance.requests if request.party == 1)
    requests, slots = (*present, *future.requests), (*instance.slots, *(slot for slot, _ in future.slots))
    table = Table(replace(instance, requests=requests, slots=slots), travel)
    block = table.block(np.arange(len(requests)))
    opens = np.array([0] * len(instance.slots) + [at for _, at in future.slots], np.int64)
    asked = np.array([0] * len(present) + [request.submitted_at_s for request in future.requests], np.int64)
    closes = np.array([closes_at_s.get(slot.id, slot.starts_at_s) for slot in slots], np.int64)
    decided = np.maximum(np.maximum(asked[:, None], opens[None, :]), instance.now_at_s)
    until = np.minimum(until_at_s(table, block), closes[None, :])
    chosen = ballot_columns(
        block.cost,
        block.allowed & (until >= decided),
        np.array([request.urgency - 1 for request in requests], np.int64),
        np.array([slot.places for slot in slots], np.int64),
        (len(present), len(instance.slots)),
    )
    return {
        request.id: instance.slots[column].id
        for request, column in zip(present, chosen, strict=True)
        if column != UNSERVED
    }


def elect(ballots: Ints, rank: Ints, places: Ints) -> Ints:
    """The slot that most ballots agree to give each row now and that still has room, else `UNSERVED`.

    `ballots` has one row per future and one column per request. Room goes by rank, then in order of rows.
    """
    chosen, votes = count_agreement(ballots)
    sure = has_majority(votes, ballots.shape[0])
    room, found = places.copy(), np.full(chosen.size, UNSERVED, np.int64)
    for n in np.argsort(rank, kind="stable"):
        if sure[n] and room[chosen[n]] > 0:
            room[chosen[n]] -= 1
            found[n] = chosen[n]
    return found


def majority(instance: Instance, ballots: Sequence[Ballot]) -> dict[str, str]:
    """By request, the slot that most ballots agree on, within the places and the practitioners' weeks."""
    columns = {slot.id: column for column, slot in enumerate(instance.slots)}
    given = [[columns.get(ballot.get(request.id, ""), UNSERVED) for request in instance.requests] for ballot in ballots]
    rank = np.array([request.urgency - 1 for request in instance.requests], np.int64)
    places = np.array([slot.places for slot in instance.slots], np.int64)
    found = elect(np.array(given, np.int64), rank, places)
    left: dict[str, int] = {}
    choice: dict[str, str] = {}
    for n in np.argsort(rank, kind="stable"):
        if found[n] == UNSERVED:
            continue
        slot = instance.slots[found[n]]
        week = left.setdefault(slot.practitioner, places_left_this_week(practitioner_of(instance, slot)))
        if week > 0:
            left[slot.practitioner] = week - 1
            choice[instance.requests[n].id] = slot.id
    return choice


def with_choice(instance: Instance, choice: Mapping[str, str]) -> Instance:
    """The instance in which these requests go where the ballots send them."""
    return replace(
        instance,
        requests=tuple(replace(one, forced=choice[one.id]) if one.id in choice else one for one in instance.requests),
    )


def hold_back(instance: Instance, choice: Mapping[str, str]) -> frozenset[str]:
    """Who may not be given a slot yet: no majority gives them one, and they need not know now."""
    return frozenset(
        request.id
        for request in instance.requests
        if request.party == 1 and request.id not in choice and request.answer_by_at_s > instance.now_at_s
    )


def serves_as_well(instance: Instance, plan: Plan, usual: Plan) -> bool:
    """Whether a plan serves those present, class by class, as well as the usual one."""
    size = {request.id: (request.urgency, request.party) for request in instance.requests}

    def count_served(of: Plan) -> list[int]:
        people = [0, 0, 0, 0]
        for one in of.assignments:
            urgency, party = size[one.request]
            people[urgency - 1] += party
        return people

    return count_served(plan) >= count_served(usual)
