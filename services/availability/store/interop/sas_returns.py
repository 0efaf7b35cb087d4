"""What the SAS should know of the appointments that regulators took, what it was told, and what is due to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run
from shared.db.store.work import WorkTable

_NEW = text("""
insert into availability.sas_return (booking_id, regulator_id, told, tries, next_try_at, error)
select b.id, r.id, '', 0, common.now(), ''
from availability.booking b join availability.regulator r on r.id::text = b.held_by
where b.state in ('confirmed', 'honoured', 'no_show')
on conflict do nothing
""")
_STATUS = """
case b.state when 'confirmed' then 'booked' when 'honoured' then 'fulfilled' when 'no_show' then 'noshow'
             when 'cancelled' then 'cancelled' end
"""
_WANTED = f"""
join availability.booking b on b.id = t.booking_id
join availability.slot s on s.id = b.slot_id
join availability.practitioner p on p.id = s.practitioner_id
join availability.regulator r on r.id = t.regulator_id
cross join lateral (select {_STATUS} as status) k
cross join lateral (select k.status || ' ' || to_char(s.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI')
                                       || to_char(s.ends_at at time zone 'UTC', '/HH24:MI') as telling) l
"""
_DIFFERS = "k.status is not null and l.telling <> t.told"
_RETURNS = WorkTable("availability.sas_return", ("booking_id",), "next_try_at", tries="tries")
_CLAIM = _RETURNS.claiming(
    answers="found.*",
    columns="""t.booking_id as id, t.told, t.tries, k.status, l.telling, s.starts_at, s.ends_at, p.rpps,
         r.national_id, r.sas_id,
         (select min(at) from availability.booking_change c where c.booking_id = b.id) as created_at""",
    source=_WANTED,
    where=_DIFFERS,
)
_TOLD = text(
    "update availability.sas_return set told = :telling, tries = 0, error = '', next_try_at = common.now()"
    " where booking_id = :id"
)
_STATE = text(f"""
select t.booking_id, k.status, t.tries, t.error from availability.sas_return t {_WANTED}
where {_DIFFERS} order by t.next_try_at
""")  # noqa: S608  constant texts, joined


@dataclass(frozen=True, slots=True)
class DueReturn:
    """An appointment that the SAS does not know as it is: what is wanted, what went wrong so far."""

    booking_id: UUID
    status: str
    tries: int
    error: str


async def claim(session: AsyncSession, *, lease: timedelta, most: int) -> Sequence[Row[Any]]:
    """What is due, those that wait longest first, for as long as the lease; new appointments are taken in before."""
    await run(session, _NEW)
    return await _RETURNS.claim(session, _CLAIM, lease=lease, most=most)


async def mark_told(session: AsyncSession, booking_id: UUID, telling: str) -> None:
    """Note what the SAS accepted."""
    await run(session, _TOLD, id=booking_id, telling=telling)


async def mark_failed(session: AsyncSession, booking_id: UUID, error: str, *, pause: timedelta) -> None:
    """Note what went wrong, to be tried again after a pause."""
    await _RETURNS.put_off(session, error, pause, booking_id=booking_id)


async def waiting(session: AsyncSession) -> list[DueReturn]:
    """What the SAS does not know yet, of the CPTS in the transaction's scope."""
    rows = await run(session, _STATE)
    return [DueReturn(row.booking_id, row.status, row.tries, row.error) for row in rows]
