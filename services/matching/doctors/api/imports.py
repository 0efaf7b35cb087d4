"""A list of people without a médecin traitant, sent from the page: what is good goes in, what is not is said."""

from dataclasses import asdict

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from services.files.attachments import AttachmentLine, read_attachments
from services.files.outcome import one_by_one
from services.files.table import BadRow
from services.matching.doctors.app.importing import enter_line
from services.matching.doctors.app.register import RUNS_THE_REGISTER
from shared.db import set_scope
from shared.http import CallerDep, SessionDep, WiringDep
from shared.outside.asked import CptsId
from shared.refusals import Refusal

LARGEST, BATCH = 2_000_000, 50
routes = APIRouter(tags=["médecin traitant"])


class ListTooLarge(Refusal):
    """Cette liste dépasse 2 Mo : coupez-la en plusieurs, ou prenez `aiguillage import attachments`."""

    code = "list_too_large"
    status = 413


class RefusedLine(BaseModel):
    """A line that did not go in: its number, the column, what was read and what to change."""

    line: int
    column: str
    value: str
    change: str


class ListReport(BaseModel):
    """What became of a list."""

    added: int
    same: int
    refused: list[RefusedLine]


@routes.post("/attachment-lists", status_code=201)
async def enter_list(
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    wiring: WiringDep,
    cpts: CptsId,
) -> ListReport:
    """Enter the people of a CSV (UTF-8): reference and commune, then age, criteria, household and so on."""
    caller.require(*RUNS_THE_REGISTER)
    caller.require_cpts(cpts)
    content = await request.body()
    if len(content) > LARGEST:
        raise ListTooLarge
    read = list(read_attachments(content.splitlines(keepends=True)))
    bad = [each for each in read if isinstance(each, BadRow)]

    async def enter(within: AsyncSession, line: AttachmentLine) -> str:
        return await enter_line(within, caller, wiring.vault, cpts, line)

    # No transaction lasts as long as a list: others write meanwhile, and a list sent again goes on where it stopped.
    await session.commit()
    lines = [each for each in read if isinstance(each, AttachmentLine)]
    added = same = 0
    for first in range(0, len(lines), BATCH):
        async with wiring.open_session() as within:
            await set_scope(within, caller.scope)
            outcome = await one_by_one(enter, within, lines[first : first + BATCH])
        added, same, bad = added + outcome.added, same + outcome.same, [*bad, *outcome.bad]
    refused = sorted(bad, key=lambda each: each.line)
    return ListReport(added=added, same=same, refused=[RefusedLine(**asdict(each)) for each in refused])
