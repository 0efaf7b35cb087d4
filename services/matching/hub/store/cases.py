"""Cases that came from the SAMU hub: one request each, however often they are sent."""

from uuid import UUID

from sqlalchemy import Text, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.store.tables import Matching
from shared.db import run


class HubCaseRow(Matching, table=True):
    """A case, the request made of it, and the last status told to whoever sent it."""

    __tablename__ = "hub_case"

    case_id: str = Field(primary_key=True, sa_type=Text)
    cpts_id: str = Field(sa_type=Text, index=True)
    sender: str = Field(sa_type=Text)
    request_id: UUID | None = Field(default=None, foreign_key="matching.request.id", ondelete="CASCADE")
    told: str = Field(default="", sa_type=Text)
    patient_id: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """The hub's own number of the patient that the request is for: a case may have several."""


async def first_time(session: AsyncSession, case_id: str, *, cpts_id: str, sender: str) -> bool:
    """Note a case; whether it was not known. A rival with the same case waits here until the first one is settled."""
    row = insert(HubCaseRow).values(case_id=case_id, cpts_id=cpts_id, sender=sender, told="")
    noted = row.on_conflict_do_nothing().returning(col(HubCaseRow.case_id))
    return (await run(session, noted)).first() is not None


async def belongs_to(session: AsyncSession, case_id: str, request_id: UUID, patient_id: str) -> None:
    """Note which request a case became, and of which of its patients."""
    noted = update(HubCaseRow).where(col(HubCaseRow.case_id) == case_id)
    await run(session, noted.values(request_id=request_id, patient_id=patient_id))


async def lock_case(session: AsyncSession, case_id: str) -> HubCaseRow | None:
    """A case that became a request; its other messages wait until this transaction ends."""
    return await session.get(HubCaseRow, case_id, with_for_update=True, populate_existing=True)


async def note_patient(session: AsyncSession, case: HubCaseRow, patient_id: str) -> None:
    """Note of which of its patients a case is now."""
    case.patient_id = patient_id
    await session.flush()


async def note_told(session: AsyncSession, case: HubCaseRow, told: str) -> None:
    """Note what was last told of a case."""
    case.told = told
    await session.flush()
