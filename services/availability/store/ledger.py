"""The ledger: how many patients each practitioner served, counted from the bookings."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import LedgerRow
from shared.clock import midnight, monday_of
from shared.db import run

COUNT = text("""
insert into availability.ledger
       (cpts_id, practitioner_id, served_4_weeks, served_this_week, supplements_this_week, unknown_this_week,
        counted_on)
select :cpts_id, who.id, count(b.id),
       count(b.id) filter (where s.starts_at >= :monday and s.starts_at < :next_monday),
       count(b.id) filter (where s.starts_at >= :monday and s.starts_at < :next_monday
                             and (b.overbooked or s.origin = 'overbooking')),
       count(b.id) filter (where s.starts_at >= :monday and s.starts_at < :next_monday
                             and b.request_id is not null and not b.own_patient),
       :today
from unnest(cast(:ids as uuid[])) as who (id)
left join availability.slot s
       on s.practitioner_id = who.id and s.audience @> array[:cpts_id] and s.starts_at >= :since
left join availability.booking b on b.slot_id = s.id and b.state in ('confirmed', 'honoured')
group by who.id
on conflict (cpts_id, practitioner_id) do update
   set (served_4_weeks, served_this_week, supplements_this_week, unknown_this_week, counted_on)
     = (excluded.served_4_weeks, excluded.served_this_week, excluded.supplements_this_week, excluded.unknown_this_week,
        excluded.counted_on)
 where (ledger.served_4_weeks, ledger.served_this_week, ledger.supplements_this_week, ledger.unknown_this_week)
    <> (excluded.served_4_weeks, excluded.served_this_week, excluded.supplements_this_week, excluded.unknown_this_week)
returning practitioner_id
""")


WEEKS = text("""
select date_trunc('week', s.starts_at, 'Europe/Paris') as starts_at,
       count(b.id) as served,
       count(b.id) filter (where b.request_id is not null and not b.own_patient) as unknown,
       count(b.id) filter (where b.overbooked or s.origin = 'overbooking') as supplements
from availability.slot s join availability.booking b on b.slot_id = s.id and b.state in ('confirmed', 'honoured')
where s.practitioner_id = :practitioner_id and s.audience @> array[:cpts_id] and s.starts_at >= :since
group by 1
order by 1 desc
""")


@dataclass(frozen=True, slots=True)
class Week:
    """What one practitioner did in one ISO week, booked ahead included."""

    starts_at: datetime
    served: int
    unknown: int
    supplements: int


async def count(session: AsyncSession, cpts_id: str, ids: Collection[UUID], today: date) -> list[UUID]:
    """Count again: the 28 days up to today with what is booked ahead, and this week. Answers whose counts changed."""
    monday = monday_of(today)
    changed = await run(
        session,
        COUNT,
        cpts_id=cpts_id,
        ids=list(ids),
        today=today,
        since=midnight(today - timedelta(days=27)),
        monday=midnight(monday),
        next_monday=midnight(monday + timedelta(days=7)),
    )
    return list(changed.scalars())


async def by_week(session: AsyncSession, cpts_id: str, practitioner_id: UUID, since: datetime) -> Sequence[Week]:
    """The weeks in which somebody was served, the latest first."""
    found = await run(session, WEEKS, cpts_id=cpts_id, practitioner_id=practitioner_id, since=since)
    return [Week(row.starts_at, row.served, row.unknown, row.supplements) for row in found]


async def outdated(session: AsyncSession, cpts_id: str, today: date) -> list[UUID]:
    """Whose ledger was last counted before today; it is marked as counted."""
    stale = (col(LedgerRow.cpts_id) == cpts_id, col(LedgerRow.counted_on) < today)
    ids = (await session.exec(select(LedgerRow.practitioner_id).where(*stale))).all()
    await run(session, update(LedgerRow).where(*stale).values(counted_on=today))
    return list(ids)
