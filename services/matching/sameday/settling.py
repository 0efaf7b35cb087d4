"""The first half of a round: requests and bookings are made to agree, by what the availability service answers."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from services.matching.sameday import reads
from services.matching.sameday.app.asking import patient_on
from services.matching.sameday.app.bookings import BOOKED, places_of, record_confirmation
from services.matching.sameday.app.round.deciding import ROUND
from services.matching.sameday.app.round.reconciling import (
    ASK_AGAIN_S,
    Answers,
    LiveBooking,
    Memory,
    Sight,
    Surplus,
    doubts,
    find_in_flight,
    find_unrecorded,
    follow_bookings,
    next_doubt_s,
)
from services.matching.sameday.edges.availability import AvailabilityAway
from services.matching.sameday.store.requests import Move
from services.matching.sameday.store.tables import RequestRow
from services.matching.sameday.writing import Writer
from shared.contracts import RequestState

log = structlog.get_logger()
SOON_S = 0.5


@dataclass(frozen=True, slots=True)
class Settled:
    """When to look again, in real seconds (None: nothing is open), and whom the round leaves alone meanwhile."""

    again_s: float | None
    alone: Collection[UUID]


async def settle(
    writer: Writer, rows: Sequence[RequestRow], live: Mapping[str, LiveBooking], memory: Memory, now: datetime
) -> Settled:
    """Record what became of bookings, give back those that nobody needs, confirm the holds of rounds."""
    at_s = asyncio.get_running_loop().time()
    booked = [row for row in rows if row.state in BOOKED]
    memory.look(live, {str(each) for row in booked for each in places_of(row)}, at_s)
    known = {str(row.id): row for row in rows}
    known |= await _off_the_board(writer, known, live, memory)
    sight = Sight(known, live, memory, at_s, now)
    answers = await _ask(writer, doubts(sight))
    changes = {
        row.id: change
        for row in booked
        if (change := follow_bookings(row, live, answers, writer.parameters, now)) is not None
    }
    surplus: list[Surplus] = []
    for found in find_unrecorded(sight, answers):
        if isinstance(found, Surplus):
            surplus.append(found)
        else:
            changes.setdefault(found.request_id, found)
    recorded = await writer.write(list(changes.values()))
    await _drop(writer, surplus)
    held = [row for row in booked if row.id not in changes] + list(recorded.values())
    firm = await confirm(writer, [row for row in held if row.state == RequestState.HELD and not row.picked])
    return Settled(next_doubt_s(sight) if firm else SOON_S, find_in_flight(sight))


async def _off_the_board(
    writer: Writer, rows: Mapping[str, RequestRow], live: Mapping[str, LiveBooking], memory: Memory
) -> dict[str, RequestRow]:
    """The requests off the board that live bookings name; those of other territories are looked for once."""
    memory.strangers &= live.keys()
    named = (
        {each.request for key, each in live.items() if each.takes and key not in memory.strangers} - rows.keys() - {""}
    )
    if not named:
        return {}
    async with writer.reading() as session:
        found = {str(row.id): row for row in await reads.requests_named(session, named)}
    memory.strangers |= {key for key, each in live.items() if each.request in named - found.keys()}
    return found


async def _ask(writer: Writer, doubtful: Sequence[str]) -> Answers:
    """What the availability service answers; nothing is known while it does not, and nothing is concluded."""
    if not doubtful:
        return {}
    try:
        return await writer.bookings.ask(doubtful)
    except AvailabilityAway:
        log.info("doubts_wait", cpts=writer.cpts_id, bookings=len(doubtful), again_s=ASK_AGAIN_S)
        return {}


async def _drop(writer: Writer, surplus: Sequence[Surplus]) -> None:
    """Give back what no request needs: written down first, so that nobody records it while it goes."""
    going = await writer.condemn([(each.request_id, each.booking_id) for each in surplus])
    if orders := [(each.booking_id, each.state) for each in surplus if each.booking_id in going]:
        await writer.bookings.give_back_each(orders, "duplicate")


async def confirm(
    writer: Writer, rows: Sequence[RequestRow], others: Sequence[Move] = (), reasons: Sequence[Mapping[str, Any]] = ()
) -> bool:
    """Make holds of rounds firm, all in one call and one transaction; false when it should be tried again soon.

    The transaction also writes these other changes and reasons. Where a person or the clock was quicker the next round
    sees what is left to do.
    """
    told = [(places_of(row), patient_on(row).find(writer.wiring.vault) or None) for row in rows]
    done = await writer.bookings.confirm_each(told) if told else []
    now = writer.wiring.clock.now()
    firm = [
        replace(record_confirmation(row.id, by=ROUND, at=now), version=row.version)
        for row, refused in zip(rows, done, strict=True)
        if refused is None
    ]
    await writer.write([*firm, *others], reasons)
    return not any(isinstance(refused, AvailabilityAway) for refused in done)
