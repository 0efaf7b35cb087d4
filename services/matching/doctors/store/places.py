"""The places of practitioners as médecin traitant, and who holds them.

Whoever is proposed to a practitioner holds one of their numbered places: a number is taken once, whatever the CPTS, and
given back when the proposal ends without a declaration. A place carries no person; only rounds count places.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, delete, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.store.proposals import NumberedProposal
from services.matching.sameday.store.tables import Matching
from shared.db import instant, run, run_each


class AttachmentPlaceRow(Matching, table=True):
    """One place of a practitioner, by number, and who holds it; kept once the declaration is made."""

    __tablename__ = "attachment_place"

    practitioner_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    cpts_id: str = Field(sa_type=Text)
    attachment_id: UUID = Field(foreign_key="matching.attachment.id", unique=True, ondelete="CASCADE")
    confirmed_at: datetime | None = instant(default=None)


async def only_round(session: AsyncSession, cpts_id: str) -> bool:
    """Whether this transaction may run the round of a CPTS, alone until its end."""
    lock = text("select pg_try_advisory_xact_lock(hashtextextended('attachment_round/' || :cpts_id, 0))")
    return bool((await run(session, lock, cpts_id=cpts_id)).scalar_one())


async def count_alone(session: AsyncSession, practitioners: Iterable[UUID]) -> None:
    """Be the only one to count and take these practitioners' places until the commit; taken in one order."""
    lock = text("select pg_advisory_xact_lock(hashtextextended('attachment_place/' || :practitioner, 0))")
    for practitioner in sorted(str(each) for each in practitioners):
        await run(session, lock, practitioner=practitioner)


async def forget_confirmed(session: AsyncSession, practitioner_id: UUID, declared_at: datetime) -> None:
    """Declarations made before the practitioner last said how many new patients they take no longer count."""
    old = col(AttachmentPlaceRow.confirmed_at) < declared_at
    await session.exec(
        delete(AttachmentPlaceRow).where(col(AttachmentPlaceRow.practitioner_id) == practitioner_id, old)
    )


async def places_held(session: AsyncSession, practitioners: Collection[UUID]) -> dict[UUID, list[AttachmentPlaceRow]]:
    """The places taken of each of these practitioners."""
    held: dict[UUID, list[AttachmentPlaceRow]] = {each: [] for each in practitioners}
    query = select(AttachmentPlaceRow).where(col(AttachmentPlaceRow.practitioner_id).in_(practitioners))
    for row in await session.exec(query):
        held[row.practitioner_id].append(row)
    return held


async def take_places(session: AsyncSession, proposals: Iterable[NumberedProposal]) -> None:
    """Take numbered places; the key of the table refuses a number already taken."""
    places = [
        {
            "practitioner_id": each.practitioner_id,
            "number": each.number,
            "cpts_id": each.row.cpts_id,
            "attachment_id": each.row.id,
        }
        for each in proposals
    ]
    await run_each(session, insert(AttachmentPlaceRow), places)


async def give_place_back(session: AsyncSession, attachment_id: UUID) -> None:
    """The place an entry held, if any, is free again."""
    await session.exec(delete(AttachmentPlaceRow).where(col(AttachmentPlaceRow.attachment_id) == attachment_id))


async def keep_place(session: AsyncSession, attachment_id: UUID, at: datetime) -> None:
    """The declaration is made: the place stays taken until the practitioner declares again."""
    kept = update(AttachmentPlaceRow).where(col(AttachmentPlaceRow.attachment_id) == attachment_id)
    await session.exec(kept.values(confirmed_at=at))
