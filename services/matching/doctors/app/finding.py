"""Finding somebody of the register: by their name, their initials or their reference, which only this opens.

Names come from sealed values: they are opened here, for who may open them, and only initials leave.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.app.register import RUNS_THE_REGISTER, YEAR, patient_on
from services.matching.doctors.reads import attachments_of
from services.matching.doctors.store.register import AttachmentRow
from shared.auth import Caller, record_access
from shared.db import database_now
from shared.patients.patient import initials_of
from shared.patients.vault import Vault
from shared.typed.texts import words_of


@dataclass(frozen=True, slots=True)
class Marked:
    """What tells an entry from the others on a screen; a reference is never a name."""

    id: UUID
    initials: str
    age: int | None
    reference: str


async def find(session: AsyncSession, caller: Caller, vault: Vault, cpts_id: str, typed: str) -> list[Marked]:
    """The entries that one may act on and that bear these words, the oldest first; leaves a trace when names opened."""
    caller.require_cpts(cpts_id)
    now = await database_now(session)
    words, opened, found = words_of(typed), False, []
    for row in await attachments_of(session, cpts_id, []):
        if caller.role not in RUNS_THE_REGISTER and row.registered_by != caller.id:
            continue
        name = _name(vault, row)
        opened = opened or bool(name)
        if all(_bears(word, name, _reference(row)) for word in words):
            age = None if row.age is None else row.age + (now - row.entered_at) // YEAR
            found.append(Marked(row.id, initials_of(name), age, _reference(row)))
    if opened:
        await record_access(
            session, caller, cpts_id=cpts_id, action="search", object_kind="attachment", object_id=cpts_id
        )
    return found


def _name(vault: Vault, row: AttachmentRow) -> str:
    return str(patient_on(row).find(vault).get("name", ""))


def _reference(row: AttachmentRow) -> str:
    """What those who keep the register call an entry, else the end of its identifier."""
    return row.reference or str(row.id)[-6:].upper()


def _bears(word: str, name: str, reference: str) -> bool:
    """Whether a word begins one of the name, is its initials, or is in the reference."""
    own = words_of(name)
    initials = "".join(each[0] for each in own)
    return any(each.startswith(word) for each in own) or initials == word or word in "".join(words_of(reference))
