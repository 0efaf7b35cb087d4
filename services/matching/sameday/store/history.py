"""What a territory's past leaves to look ahead: counts of requests, and every slot that was ever offered.

No field of a patient is read: neither age, nor point, nor note. Requests count at the centre of their commune.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Index, RowMapping, Text, delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.ahead.outlook import PastCounts, PastDemand, PastOpenings
from services.matching.engine.files import plain, read
from services.matching.engine.model import Mode, Point, Request, Slot, SlotType, Urgency
from services.matching.sameday.store.tables import Matching, values
from shared.db import instant, run
from shared.db.clock import day_at, midnight, zone_at

KEPT = timedelta(days=56)
"""How far back history goes: eight weeks, so that a season does not weigh on the next."""

AT_ONCE = 500
"""Slots per statement: PostgreSQL takes 32,767 values in one, and a large territory has more."""


class SlotSeenRow(Matching, table=True):
    """A slot that was offered: what it was, when it opened, when it was taken back if it was. Nobody's booking."""

    __tablename__ = "slot_seen"
    __table_args__ = (Index(None, "cpts_id", "starts_at"),)

    cpts_id: str = Field(primary_key=True, sa_type=Text)
    slot_id: UUID = Field(primary_key=True)
    offer: dict[str, Any] = values()
    """A core slot, without its name and its instants."""
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    opened_at: datetime = instant()
    closed_at: datetime | None = instant(default=None)


@dataclass(frozen=True, slots=True)
class Seen:
    """A slot as it is offered now, with all its places; `closed`: no longer."""

    slot: Slot
    opened_at: datetime
    closed: bool


async def see(session: AsyncSession, cpts_id: str, slots: Iterable[Seen], now: datetime) -> None:
    """Note slots, or what changed of them; the instant at which one opened stays the first."""
    rows = [
        {
            "cpts_id": cpts_id,
            "slot_id": UUID(seen.slot.id),
            "offer": plain(replace(seen.slot, id="", starts_at_s=0, ends_at_s=0)),
            "starts_at": datetime.fromtimestamp(seen.slot.starts_at_s, UTC),
            "ends_at": datetime.fromtimestamp(seen.slot.ends_at_s, UTC),
            "opened_at": min(seen.opened_at, now),
            "closed_at": now if seen.closed else None,
        }
        for seen in slots
    ]
    changing = ("offer", "starts_at", "ends_at", "closed_at")
    for first in range(0, len(rows), AT_ONCE):
        noted = insert(SlotSeenRow).values(rows[first : first + AT_ONCE])
        changes = {name: noted.excluded[name] for name in changing}
        await run(session, noted.on_conflict_do_update(index_elements=["cpts_id", "slot_id"], set_=changes))


async def forget_slots(session: AsyncSession, cpts_id: str, now: datetime) -> None:
    """Forget the slots that history no longer reaches."""
    old = (col(SlotSeenRow.cpts_id) == cpts_id, col(SlotSeenRow.starts_at) < now - KEPT)
    await session.exec(delete(SlotSeenRow).where(*old))


DAYS = text("""
select count(distinct cast(timezone(:zone, submitted_at) as date)) as known,
       min(cast(timezone(:zone, submitted_at) as date)) as first
  from matching.request where cpts_id = :cpts_id and submitted_at >= :since and submitted_at < :today
""")
ASKED = text("""
select cast(extract(isodow from timezone(:zone, r.submitted_at)) as int) as weekday,
       cast(extract(hour from timezone(:zone, r.submitted_at)) as int) as hour,
       r.urgency, c.lat, c.lon, r.act, r.professions, r.modes, r.max_travel_s, r.on_foot, count(*) as count,
       cast(avg(extract(epoch from r.earliest_at - r.submitted_at)) as int) as earliest_s,
       cast(avg(extract(epoch from r.deadline_at - r.submitted_at)) as int) as deadline_s
  from matching.request r join common.commune c on c.insee = r.insee
 where r.cpts_id = :cpts_id and r.submitted_at >= :since and r.submitted_at < :today
 group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
 order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
""")
OPENED = text("""
select cast(extract(hour from timezone(:zone, opened_at)) as int) as hour, offer, count(*) as count,
       900 * cast(floor(extract(epoch from starts_at - opened_at) / 900) as int) as lead_s,
       cast(extract(epoch from ends_at - starts_at) as int) as length_s
  from matching.slot_seen
 where cpts_id = :cpts_id and starts_at >= :since and starts_at < :today
   and cast(timezone(:zone, opened_at) as date) = cast(timezone(:zone, starts_at) as date)
   and extract(hour from timezone(:zone, opened_at)) >= :first_hour
 group by 1, 2, 4, 5 order by 1, 2, 4, 5
""")
FIRST_HOUR = 7
"""Slots that opened earlier in the day were there when it began."""


async def count_known_days(session: AsyncSession, cpts_id: str, now: datetime) -> int:
    """How many past days with requests history has."""
    return int((await run(session, DAYS, **_span(cpts_id, now, await zone_at(session, cpts_id)))).one().known)


async def history_of(session: AsyncSession, cpts_id: str, now: datetime) -> PastCounts:
    """The past of a territory in counts, up to yesterday."""
    zone = await zone_at(session, cpts_id)
    span = _span(cpts_id, now, zone)
    days = (await run(session, DAYS, **span)).one()
    if not days.known:
        return PastCounts()
    today = day_at(now, zone)
    calendar = [0] * 7
    for n in range((today - days.first).days):
        calendar[(days.first + timedelta(days=n)).weekday()] += 1
    asked = (await run(session, ASKED, **span)).mappings().all()
    opened = (await run(session, OPENED, first_hour=FIRST_HOUR, **span)).mappings().all()
    return PastCounts(
        zone=zone.key,
        known_days=days.known,
        calendar=tuple(calendar),
        asked=tuple(PastDemand(row["weekday"], row["hour"], row["count"], _request(row, cpts_id)) for row in asked),
        opened=tuple(PastOpenings(row["hour"], row["count"], _slot(row)) for row in opened),
    )


def _span(cpts_id: str, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    today = midnight(day_at(now, zone), zone)
    return {"cpts_id": cpts_id, "since": today - KEPT, "today": today, "zone": zone.key}


def _request(row: RowMapping, cpts_id: str) -> Request:
    return Request(
        id="",
        urgency=Urgency(row["urgency"]),
        point=Point(row["lat"], row["lon"]),
        earliest_at_s=row["earliest_s"],
        deadline_at_s=row["deadline_s"],
        submitted_at_s=0,
        answer_by_at_s=0,
        cpts=cpts_id,
        professions=frozenset(row["professions"]),
        act=row["act"],
        modes=frozenset(Mode(mode) for mode in row["modes"]),
        max_travel_s=row["max_travel_s"],
        on_foot=row["on_foot"],
        sees=frozenset(SlotType),
    )


def _slot(row: RowMapping) -> Slot:
    lead_s = row["lead_s"]
    offer = read(Slot, row["offer"])
    return replace(offer, starts_at_s=lead_s, ends_at_s=lead_s + row["length_s"])
