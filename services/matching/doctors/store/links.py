"""Links by which a practitioner answers without signing in: only a hash of each secret is kept."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import Matching
from shared.db import instant, run


class DoctorLinkRow(Matching, table=True):
    """A link to what one practitioner is asked in one CPTS; it serves until it expires or another is made."""

    __tablename__ = "doctor_link"

    id: UUID = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text)
    practitioner_id: UUID
    secret_hash: bytes = Field(unique=True)
    made_by: str = Field(sa_type=Text)
    made_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = instant(default=None)
    opened_at: datetime | None = instant(default=None)


_REVOKE = text("""
update matching.doctor_link set revoked_at = common.now()
where cpts_id = :cpts_id and practitioner_id = :practitioner_id and revoked_at is null
""")
_OPEN = text("""
update matching.doctor_link set opened_at = common.now()
where secret_hash = :secret_hash and revoked_at is null and expires_at > common.now()
returning id, cpts_id, practitioner_id
""")
_FORGET = text("delete from matching.doctor_link where expires_at < common.now() - interval '1 day'")


async def add_doctor_link(session: AsyncSession, row: DoctorLinkRow) -> None:
    """A new link; the former one of this practitioner in this CPTS ends. What ended a day ago is forgotten."""
    await run(session, _FORGET)
    await run(session, _REVOKE, cpts_id=row.cpts_id, practitioner_id=row.practitioner_id)
    session.add(row)
    await session.flush()


async def open_doctor_link(session: AsyncSession, secret_hash: bytes) -> Row[Any] | None:
    """Whose link this secret opens."""
    return (await run(session, _OPEN, secret_hash=secret_hash)).one_or_none()
