"""Who comes: what the row of an appointment says of its patient to whoever gives the care."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.app.asking import RUNS_THE_BOARD, patient_on
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Caller, record_access
from shared.contracts import RequestState
from shared.patients.patient import initials_of
from shared.patients.vault import Vault


@dataclass(frozen=True, slots=True)
class Comer:
    """An appointment, ended and archived ones too, with the initials of its patient."""

    row: RequestRow
    initials: str


async def find_comers(session: AsyncSession, caller: Caller, vault: Vault, ids: Collection[UUID]) -> list[Comer]:
    """Those of these requests that the caller receives, or all for who runs the board; names opened leave a trace."""
    query = select(RequestRow).where(
        col(RequestRow.id).in_(ids), col(RequestRow.booking_id).is_not(None), RequestRow.state != RequestState.CANCELLED
    )
    if caller.role not in RUNS_THE_BOARD:
        query = query.where(col(RequestRow.practitioner_id).in_([UUID(each) for each in caller.practitioners or ()]))
    rows = (await session.exec(query)).all()
    found = [Comer(row, initials_of(patient_on(row).find(vault).get("name", ""))) for row in rows]
    for cpts_id in sorted({each.row.cpts_id for each in found if each.initials}):
        await record_access(session, caller, cpts_id=cpts_id, action="list", object_kind="request", object_id=cpts_id)
    return found
