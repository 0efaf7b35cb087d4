"""Where time asks for something: one statement for the whole installation."""

from datetime import date, datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run

_DUE = text("""
select cpts_id, false as new_day from availability.booking where state = 'held' and held_until <= :now
union
select cpts_id, false from availability.slot
where status = 'published' and give_back_at <= :now and taken = 0 and overbooked = 0
union
select cpts_id, false from availability.slot where live and starts_at < :over
union
select o.cpts_id, false from availability.opening o
left join availability.schedule s on s.practitioner_id = o.practitioner_id and s.place_id = o.place_id
where coalesce(o.cut_until, '-infinity'::date) < :last and s.closed_at is null
  and o.first_day <= :last and (o.last_day is null or o.last_day >= :today)
union
select cpts_id, true from availability.ledger where counted_on < :today
""")


async def due_territories(
    session: AsyncSession, now: datetime, *, over: datetime, today: date, last: date
) -> tuple[list[str], list[str]]:
    """The CPTS where a hold lapsed, a slot goes back to its practitioner, a day is over or an opening is to be cut; and
    those whose ledgers were last counted before today.

    `over`: before this instant slots leave the live state; `last`: up to this day openings are cut.
    """
    rows = (await run(session, _DUE, now=now, over=over, today=today, last=last)).all()
    sweep, count = ({row.cpts_id for row in rows if row.new_day is each} for each in (False, True))
    return sorted(sweep), sorted(count)
