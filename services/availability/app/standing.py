"""Who somebody is in the directory: the account that the SAS opened for them, and their memberships."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import MembershipRow, PractitionerRow
from services.availability.tables.regulators import RegulatorRow


async def regulator_account(session: AsyncSession, national_id: str) -> UUID | None:
    """The account of an active regulator with this national identifier."""
    found = select(RegulatorRow.id).where(RegulatorRow.national_id == national_id, col(RegulatorRow.active).is_(True))
    return (await session.exec(found)).one_or_none()


async def memberships(session: AsyncSession, rpps: str) -> Sequence[tuple[UUID, str, str]]:
    """(practitioner, CPTS, profession) of who has this RPPS."""
    if not rpps:
        return []
    found = (
        select(PractitionerRow.id, MembershipRow.cpts_id, PractitionerRow.profession)
        .join(MembershipRow, col(MembershipRow.practitioner_id) == col(PractitionerRow.id))
        .where(PractitionerRow.rpps == rpps)
    )
    return (await session.exec(found)).all()
