"""When practitioners are away: what closes time, whatever was published first; absences begun and ended."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.core.slots import Interval
from services.availability.store.directory import rows_of_others_refused
from services.availability.tables import AbsenceRow
from services.availability.tables.agendas import AgendaBusyRow


async def away(
    session: AsyncSession, practitioner_id: UUID, from_at: datetime, to_at: datetime, *, declared: bool = False
) -> Sequence[Interval]:
    """When a practitioner is away between two instants, cut to them: no date of another age comes out of it.

    With `declared`, what they declared themselves; otherwise also what their agenda is busy with.
    """
    within = select(
        func.greatest(col(AbsenceRow.starts_at), from_at), func.least(col(AbsenceRow.ends_at), to_at)
    ).where(
        AbsenceRow.practitioner_id == practitioner_id,
        col(AbsenceRow.starts_at) < to_at,
        col(AbsenceRow.ends_at) > from_at,
    )
    if declared:
        within = within.where(col(AbsenceRow.id).not_in(select(AgendaBusyRow.absence_id)))
    found = (await session.exec(within)).all()
    return [Interval(int(starts_at.timestamp()), int(ends_at.timestamp())) for starts_at, ends_at in found]


async def begin_absence(session: AsyncSession, absence: AbsenceRow) -> None:
    """Write an absence; raises `NotFound`, or `NotAllowed` for another CPTS's practitioner."""
    with rows_of_others_refused():
        session.add(absence)
        await session.flush()


async def end_absence(session: AsyncSession, absence: AbsenceRow) -> None:
    """Take an absence away."""
    await session.delete(absence)
    await session.flush()
