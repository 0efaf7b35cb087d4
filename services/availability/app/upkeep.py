"""What time does by itself: holds lapse, empty slots go back, days end, histories are forgotten."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import case
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.app.bookings import expire_holds
from services.availability.app.facts import EVERYWHERE, Fact, tell, tell_counted
from services.availability.store import bookings, giving_back, ledger, slots
from services.availability.tables import OUTBOX, SlotRow
from shared.db import database_now, set_scope
from shared.db.clock import day_at, midnight, zone_at

KEPT_AFTER_THE_DAY = timedelta(hours=4)


async def expire(session: AsyncSession, cpts_id: str) -> None:
    """Free the places of holds that lapsed."""
    if lapsed := await bookings.slots_with_lapsed_holds(session, col(SlotRow.cpts_id) == cpts_id):
        await expire_holds(session, lapsed)


async def give_back(session: AsyncSession, cpts_id: str) -> None:
    """Give the slots that nobody took back to their practitioners, at the moment they chose.

    Never while the matching says that somebody who waits could take one, nor while it says nothing.
    """
    # Who waits in another CPTS that is shown a slot, and a practitioner's slots elsewhere, count as well.
    await set_scope(session, EVERYWHERE)
    returned = await giving_back.give_back_due(session, cpts_id)
    await tell(session, [Fact("slot_given_back.v1", slot_id) for slot_id in returned])


def first_day_kept(now: datetime, zone: ZoneInfo) -> datetime:
    """Before this instant slots have left the live state."""
    return midnight(day_at(now - KEPT_AFTER_THE_DAY, zone), zone)


async def close_past(session: AsyncSession, cpts_id: str) -> None:
    """Take the slots of past days out of the live state, four hours after midnight there."""
    day_begins = first_day_kept(await database_now(session), await zone_at(session, cpts_id))
    gone = await slots.change(
        session,
        col(SlotRow.cpts_id) == cpts_id,
        col(SlotRow.live).is_(True),
        col(SlotRow.starts_at) < day_begins,
        live=False,
        status=case((col(SlotRow.status) == "published", "closed"), else_=col(SlotRow.status)),
    )
    await tell(session, [Fact("slot_closed.v1", slot_id) for slot_id in gone])


async def count_new_day(session: AsyncSession, cpts_id: str) -> None:
    """Count the ledgers again when a day has passed: the four weeks moved on.

    They are counted before the stream is locked: whoever serves meanwhile counts their own ledger anew, and wins.
    """
    today = (await ledger.LedgerDays.read(session, await database_now(session))).at(cpts_id)
    outdated = await ledger.find_outdated(session, cpts_id, today.day)
    if outdated:
        counted = await ledger.counts(session, cpts_id, outdated, today)
        await OUTBOX.lock(session, [cpts_id])
        changed = await ledger.put_down(session, counted, today.day)
        await tell_counted(session, cpts_id, changed, await database_now(session))


async def forget_events(session: AsyncSession, cpts_id: str, kept: timedelta) -> None:
    """Prune the history of the stream."""
    await OUTBOX.prune(session, cpts_id, await database_now(session) - kept)
