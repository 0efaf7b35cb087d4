"""What the statement of a practitioner's supplements is made of: their acts, and the rules of the time."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.core.acts import Act, SupplementRule
from services.availability.tables.acts import SupplementRuleRow
from shared.db import run
from shared.typed.zones import zone_of

_ACTS = text("""
select b.id, s.starts_at, p.insee, b.own_patient, b.regulated_at
from availability.booking b
join availability.slot s on s.id = b.slot_id
join availability.place p on p.id = s.place_id
where s.practitioner_id = :practitioner_id and b.state in ('confirmed', 'honoured')
  and s.starts_at >= :since and s.starts_at < :until
order by s.starts_at, b.id
""")
Holidays = Callable[[str, date, date], Collection[date]]


async def acts(
    session: AsyncSession, practitioner_id: UUID, since: datetime, until: datetime, holidays: Holidays
) -> list[Act]:
    """Who this practitioner saw, or is to see, between two instants, wherever it is."""
    found = await run(session, _ACTS, practitioner_id=practitioner_id, since=since, until=until)
    return [
        Act(
            booking_id=row.id,
            starts_at=row.starts_at,
            zone=zone_of(row.insee),
            holidays=holidays(row.insee, since.date(), until.date()),
            own_patient=row.own_patient,
            regulated_at=row.regulated_at,
        )
        for row in found
    ]


async def rules(session: AsyncSession) -> Sequence[SupplementRule]:
    """What is paid, by when it came into force."""
    rows = (await session.exec(select(SupplementRuleRow).order_by(col(SupplementRuleRow.valid_from)))).all()
    return [
        SupplementRule(**row.model_dump(exclude={"source", "professions"}), professions=frozenset(row.professions))
        for row in rows
    ]
