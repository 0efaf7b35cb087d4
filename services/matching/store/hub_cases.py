"""Cases that came from the SAMU hub: one request each, however often they are sent."""

from uuid import UUID

from sqlalchemy import Text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.store.tables import Matching
from shared.db import run


class HubCaseRow(Matching, table=True):
    """A case, the request made of it, and the last status told to whoever sent it."""

    __tablename__ = "hub_case"

    case_id: str = Field(primary_key=True, sa_type=Text)
    cpts_id: str = Field(sa_type=Text, index=True)
    sender: str = Field(sa_type=Text)
    request_id: UUID | None = Field(default=None, foreign_key="matching.request.id", ondelete="CASCADE")
    told: str = Field(default="", sa_type=Text)


async def first_time(session: AsyncSession, case_id: str, *, cpts_id: str, sender: str) -> bool:
    """Note a case; whether it was not known. A rival with the same case waits here until the first one is settled."""
    row = insert(HubCaseRow).values(case_id=case_id, cpts_id=cpts_id, sender=sender, told="")
    noted = row.on_conflict_do_nothing().returning(col(HubCaseRow.case_id))
    return (await run(session, noted)).first() is not None


async def belongs_to(session: AsyncSession, case_id: str, request_id: UUID) -> None:
    """Note which request a case became."""
    await run(session, update(HubCaseRow).where(col(HubCaseRow.case_id) == case_id).values(request_id=request_id))
