"""How many places were free in a CPTS at an instant, counted from what happened to its slots. Never writes."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run

# A slot's identifier begins with the milliseconds of its publication (UUID version 7).
FREE = text(
    """
    select coalesce(sum(greatest(0, slot.capacity - (
        select count(*)
        from (
            select distinct on (change.booking_id) change.state
            from availability.booking join availability.booking_change change on change.booking_id = booking.id
            where booking.slot_id = slot.id and not booking.overbooked and change.at <= :at
            order by change.booking_id, change.id desc
        ) last
        where state in ('held', 'confirmed', 'honoured', 'no_show')
    ))), 0)::int
    from availability.slot
    where audience @> array[:cpts]::text[] and starts_at > :at and status <> 'withdrawn'
      and to_timestamp(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0) <= :at
    """
)


async def free_places(session: AsyncSession, cpts_id: str, at: datetime) -> int:
    """Places that were published, still to come and taken by nobody."""
    return int((await run(session, FREE, cpts=cpts_id, at=at)).scalar_one())
