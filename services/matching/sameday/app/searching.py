"""Finding a request again: by when it was made, by the patient's initials, from where, in which state.

Initials come from sealed names: they are opened here, for who may open them, and nothing else of them leaves.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.sameday.app.asking import RUNS_THE_BOARD, patient_on
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Caller, record_access
from shared.patients.patient import initials_of
from shared.patients.vault import Vault

MOST = 300
"""Requests looked at in one search, the latest first."""


@dataclass(frozen=True, slots=True)
class RequestSearch:
    """What is looked for: empty lists and texts let everything through."""

    cpts_id: str
    since: datetime
    until: datetime
    initials: str = ""
    insee: str = ""
    urgency: int | None = None
    states: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """A request, ended and archived ones too, with what a row may show of the patient."""

    row: RequestRow
    initials: str


async def search(
    session: AsyncSession, caller: Caller, vault: Vault, wanted: RequestSearch
) -> tuple[list[FoundRequest], bool]:
    """The requests that fit, the latest first, and whether there are more; leaves a trace when names were opened."""
    query = select(RequestRow).where(
        RequestRow.cpts_id == wanted.cpts_id,
        col(RequestRow.submitted_at).between(wanted.since, wanted.until),
    )
    if caller.role not in RUNS_THE_BOARD:
        query = query.where(RequestRow.asked_by == caller.id)
    if wanted.insee:
        query = query.where(RequestRow.insee == wanted.insee)
    if wanted.urgency is not None:
        query = query.where(RequestRow.urgency == wanted.urgency)
    if wanted.states:
        query = query.where(col(RequestRow.state).in_(wanted.states))
    rows = list(await session.exec(query.order_by(col(RequestRow.submitted_at).desc()).limit(MOST + 1)))
    found = [FoundRequest(row, initials_of(patient_on(row).find(vault).get("name", ""))) for row in rows[:MOST]]
    if any(each.initials for each in found):
        await record_access(
            session, caller, cpts_id=wanted.cpts_id, action="search", object_kind="request", object_id=wanted.cpts_id
        )
    letters = _letters(wanted.initials)
    return [each for each in found if _bears(each.initials, letters)], len(rows) > MOST


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).upper()
    return "".join(letter for letter in plain if letter.isalnum())


def _bears(initials: str, letters: str) -> bool:
    """Whether these are the initials, in whichever order a first and a last name were written."""
    own = _letters(initials)
    return sorted(own) == sorted(letters) if len(letters) == len(own) else own.startswith(letters)
