"""Who is probably in the register twice, for who runs it: they look, and withdraw one as a duplicate."""

import asyncio
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.matching.doctors.app.duplicates import KnownPerson, find_duplicates
from services.matching.doctors.app.register import RUNS_THE_REGISTER, patient_on
from services.matching.doctors.reads import attachments_of
from shared.contracts.register import PROMISED, SEEKING
from shared.db import waiting_elsewhere
from shared.http import CallerDep, SessionDep, WiringDep
from shared.outside.asked import CptsId

routes = APIRouter(tags=["médecin traitant"])
SHOWN = 200


class PossibleDuplicate(BaseModel):
    """Two entries that may be one person: who each says they are. `sure`: beyond a slip of the finger."""

    ids: tuple[UUID, UUID]
    names: tuple[str, str]
    born: tuple[str, str]
    score: int
    sure: bool


@routes.get("/attachments/duplicates")
async def duplicates(
    caller: CallerDep, session: SessionDep, wiring: WiringDep, cpts: CptsId
) -> list[PossibleDuplicate]:
    """The likeliest pairs; nothing is merged. Each person shown leaves a trace."""
    caller.require(*RUNS_THE_REGISTER)
    caller.require_cpts(cpts)
    rows = {str(row.id): row for row in await attachments_of(session, cpts, sorted(SEEKING | PROMISED))}
    known = {key: patient_on(row).find(wiring.vault) for key, row in rows.items()}
    people = [
        KnownPerson.of(key, str(each.get("name", "")), each.get("birth_date"), str(each.get("phone", "")))
        for key, each in known.items()
    ]
    async with waiting_elsewhere(session):
        found = (await asyncio.to_thread(find_duplicates, people))[:SHOWN]
    for key in {name for each in found for name in (each.one, each.other)}:
        await patient_on(rows[key]).read(session, caller, wiring.vault)
    return [
        PossibleDuplicate(
            ids=(UUID(each.one), UUID(each.other)),
            names=(str(known[each.one]["name"]), str(known[each.other]["name"])),
            born=(str(known[each.one].get("birth_date") or ""), str(known[each.other].get("birth_date") or "")),
            score=each.score,
            sure=each.sure,
        )
        for each in found
    ]
