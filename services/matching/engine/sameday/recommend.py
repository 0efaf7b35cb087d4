"""The best slots for one request, now, with what each costs everybody: for the person on the phone."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.matching.engine.market.prices import next_fairness
from services.matching.engine.market.proof import room
from services.matching.engine.market.residual import FAR
from services.matching.engine.model import Instance, Option, Request, Urgency
from services.matching.engine.sameday.costs import dearest
from services.matching.engine.sameday.order import FIRST_CLASS
from services.matching.engine.sameday.solve import decide, pair_costs
from services.matching.engine.sameday.table import OfferTable, PairBlock, Table
from services.matching.engine.travel import Travel

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PriceList:
    """What taking one place of each slot would cost the requests of a round; compute it once per round.

    `levels` are the (rank, penalty) of who could be left out: a price near one of them leaves that rank out.
    """

    by_slot: dict[str, int]
    levels: tuple[tuple[int, int], ...]
    fairness: dict[str, int]
    """Where a place is free, the part of its price that is its practitioner's load, and not what others lose."""


def price_list(instance: Instance, travel: Travel | None = None) -> PriceList:
    """Solve the round and price its slots; with households in the round, prices are those of its relaxation."""
    decided = decide(instance, travel, dearest=dearest(instance))
    solved = decided.round.root
    if solved is None:
        return PriceList({slot.id: 0 for slot in instance.slots}, (), {})
    scale, displacing = decided.round.scale, decided.round.displacing()
    margins = np.minimum(displacing, next_fairness(solved.network, solved.flow) // scale)
    margins = np.where(room(solved.network, solved.flow.slot), margins, 0)
    ranks, first = np.unique(solved.network.rank, return_index=True)
    levels = zip(ranks.tolist(), (solved.flow.penalty[first] // scale).tolist(), strict=True)
    slots = decided.table.slots
    return PriceList(
        {slot.id: int(price) for slot, price in zip(slots, displacing, strict=True)},
        tuple(levels),
        {slot.id: int(margin) for slot, margin in zip(slots, margins, strict=True)},
    )


def options(
    instance: Instance,
    request: Request,
    k: int = 5,
    prices: PriceList | None = None,
    travel: Travel | None = None,
    offer: OfferTable | None = None,
) -> tuple[Option, ...]:
    """The k best slots for this request, by own cost plus price; the nearest and the earliest follow when not there.

    The price is exact: what the plan of the other requests would lose. Without `prices` that plan is solved here.
    `offer` is `OfferTable(instance)`, when it was kept from one call to the next.
    """
    others = replace(instance, requests=tuple(one for one in instance.requests if one.id != request.id))
    if prices is None:
        prices = price_list(others, travel)
    table = Table(replace(instance, requests=(request,)), travel, offer)
    block = table.block(np.array([0]))
    price = np.array([prices.by_slot.get(slot.id, 0) for slot in table.slots], dtype=np.int64) * request.party
    columns = np.nonzero(block.allowed[0] & (price < FAR))[0]
    if not len(columns):
        return ()
    tie = [(table.slots[column].starts_at_s, table.slots[column].id) for column in columns]
    own = block.cost[0, columns]
    order = sorted(range(len(columns)), key=lambda n: (int(own[n] + price[columns[n]]), int(own[n]), tie[n]))
    ranked = columns[order]
    tags = _tags(table, ranked, block)
    shown = [int(column) for column in ranked[:k]]
    shown += [column for column in (tags["nearest"], tags["earliest"]) if column not in shown]
    shown = list(dict.fromkeys(shown))
    costs = pair_costs(table, np.zeros(len(shown), dtype=np.int64), np.array(shown, dtype=np.int64))
    return tuple(
        Option(
            slot=table.slots[column].id,
            cost=replace(cost, fairness=(part := prices.fairness.get(table.slots[column].id, 0) * request.party)),
            price=int(price[column]) - part,
            tags=_tags_of(table, request, column, tags),
            leaves_out=_nearest_penalty(prices, int(price[column]) // request.party),
        )
        for column, cost in zip(shown, costs, strict=True)
    )


def _tags(table: Table, ranked: IntArray, block: PairBlock) -> dict[str, int]:
    travel_s, cost = block.travel_s[0], block.cost[0]
    starts = [table.slots[column].starts_at_s for column in ranked]
    cheapest = int(ranked[int(np.argmin(cost[ranked]))])
    tags = {
        "nearest": int(ranked[int(np.argmin(travel_s[ranked]))]),
        "earliest": int(ranked[int(np.argmin(starts))]),
    }
    if cost[ranked[0]] > cost[cheapest]:
        tags["spares"] = int(ranked[0])
    return tags


def _tags_of(table: Table, request: Request, column: int, tags: dict[str, int]) -> tuple[str, ...]:
    found = [tag for tag, tagged in tags.items() if tagged == column]
    if request.habitual and table.slots[column].practitioner == request.habitual:
        found.append("habitual")
    return tuple(found)


def _nearest_penalty(prices: PriceList, price: int) -> Urgency | None:
    """The class whose penalty is nearest to this price, when it is a penalty at all."""
    if not prices.levels or price < min(penalty for _, penalty in prices.levels) // 2:
        return None
    rank = min(prices.levels, key=lambda level: abs(level[1] - price))[0]
    return Urgency(max(1, rank - FIRST_CLASS + 1))
