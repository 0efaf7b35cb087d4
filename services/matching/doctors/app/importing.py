"""People of a list entered in the register, through the use case that enters one: by reference, repeatable."""

from uuid import UUID, uuid5

from sqlmodel.ext.asyncio.session import AsyncSession

from services.files.attachments import AttachmentLine
from services.matching.doctors.app.intake import AttachmentForm
from services.matching.doctors.app.register import register
from services.matching.doctors.store.register import AttachmentRow
from shared.auth import Caller
from shared.patients.vault import Vault
from shared.refusals import Invalid

REFERENCES = UUID("0f2f6c0a-3a7e-5c0d-8d43-6f1a55c1b7e9")
"""The name space of references: the same CPTS and reference are the same person."""


async def enter_line(session: AsyncSession, caller: Caller, vault: Vault, cpts_id: str, line: AttachmentLine) -> str:
    """Enter the person of a line; `same` when they are there already, whatever became of them since."""
    if await session.get(AttachmentRow, _find_named(cpts_id, line.reference)) is not None:
        return "same"
    household = _find_named(cpts_id, line.with_reference) if line.with_reference else None
    if household is not None and await session.get(AttachmentRow, household) is None:
        raise Invalid("Aucune ligne plus haut ne porte cette référence.", field="foyer", value=line.with_reference)
    form = AttachmentForm(
        cpts_id=cpts_id,
        insee=line.insee,
        age=line.age,
        flags=list(line.flags),
        home_visits=line.home_visits,
        waiting_since=line.waiting_since,
        household_with=household,
        max_travel_minutes=line.max_travel_minutes,
        source=line.source,
        reference=line.reference[:40],
    )
    await register(session, caller, vault, form, entry=_find_named(cpts_id, line.reference))
    return "added"


def _find_named(cpts_id: str, reference: str) -> UUID:
    return uuid5(REFERENCES, f"{cpts_id}/{reference}")
