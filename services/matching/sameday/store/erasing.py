"""Patients whom nobody needs to know any more."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.notes import RequestNoteRow
from services.matching.sameday.store.tables import RequestRow

PATIENTS_KEPT = timedelta(days=30)


async def erase_patients(session: AsyncSession, cpts_id: str, now: datetime) -> None:
    """Erase what was known of patients, notes too, 30 days after their appointment or the request's last change."""
    old = or_(
        col(RequestRow.starts_at) < now - PATIENTS_KEPT,
        col(RequestRow.starts_at).is_(None) & (col(RequestRow.changed_at) < now - PATIENTS_KEPT),
    )
    known = (col(RequestRow.cpts_id) == cpts_id) & col(RequestRow.patient_sealed).is_not(None)
    mine = select(RequestRow.id).where(RequestRow.cpts_id == cpts_id, old)
    await session.exec(delete(RequestNoteRow).where(col(RequestNoteRow.request_id).in_(mine)))
    await session.exec(update(RequestRow).where(known, old).values(patient_sealed=None))
