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
select s.cpts_id, false from availability.slot s left join common.territory t on t.finess = s.cpts_id
where s.live and s.starts_at < :over
  and s.starts_at < timezone(
    coalesce(t.zone, 'Europe/Paris'),
    date_trunc('day', timezone(coalesce(t.zone, 'Europe/Paris'), cast(:over as timestamptz)))
  )
union
select o.cpts_id, false from availability.opening o
left join availability.schedule s on s.practitioner_id = o.practitioner_id and s.place_id = o.place_id
where coalesce(o.cut_until, '-infinity'::date) < :last and s.closed_at is null
  and o.first_day <= :last and (o.last_day is null or o.last_day >= :today)
union
select l.cpts_id, true from availability.ledger l left join common.territory t on t.finess = l.cpts_id
where l.counted_on < cast(timezone(coalesce(t.zone, 'Europe/Paris'), cast(:now as timestamptz)) as date)
""")


async def due_territories(
    session: AsyncSession, now: datetime, *, over: datetime, today: date, last: date
) -> tuple[list[str], list[str]]:
    """The CPTS where a hold lapsed, a slot goes back to its practitioner, a day is over or an opening is to be cut; and
    those whose ledgers were last counted before today.

    `over`: slots of days before that of this instant, by the clocks there, leave the live state; `last`: up to this
    day openings are cut.
    """
    rows = (await run(session, _DUE, now=now, over=over, today=today, last=last)).all()
    sweep, count = ({row.cpts_id for row in rows if row.new_day is each} for each in (False, True))
    return sorted(sweep), sorted(count)
