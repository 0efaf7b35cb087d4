"""Notes that people leave on a request for each other: sealed, for they may say something of the patient."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import Matching
from shared.db import instant


class RequestNoteRow(Matching, table=True):
    """One note: who wrote it, when, and its text, sealed for this row."""

    __tablename__ = "request_note"

    id: UUID = Field(primary_key=True)
    request_id: UUID = Field(foreign_key="matching.request.id", index=True, ondelete="CASCADE")
    cpts_id: str = Field(sa_type=Text)
    at: datetime = instant()
    by: str = Field(sa_type=Text)
    text_sealed: bytes


async def notes_of(session: AsyncSession, request_id: UUID) -> list[RequestNoteRow]:
    """The notes on a request, oldest first."""
    query = select(RequestNoteRow).where(RequestNoteRow.request_id == request_id)
    return list(await session.exec(query.order_by(col(RequestNoteRow.at), col(RequestNoteRow.id))))


async def write_note(session: AsyncSession, note: RequestNoteRow) -> None:
    """Write a note."""
    session.add(note)
    await session.flush()
