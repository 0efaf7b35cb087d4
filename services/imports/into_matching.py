"""Writes the requests of a file, through the use case that the API calls."""

from functools import partial
from uuid import UUID, uuid5

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import CptsRow, PractitionerRow
from services.files.attachments import AttachmentLine, read_attachments
from services.files.outcome import MACHINE, FileWriter, one_by_one, open_scoped
from services.files.requests import RequestLine, read_requests
from services.matching.doctors.app.importing import enter_line
from services.matching.sameday.app.asking import new_request
from services.matching.sameday.app.intake import RequestForm
from services.matching.sameday.store.requests import add_request, tell
from services.matching.sameday.store.tables import RequestRow
from shared.refusals import Invalid
from shared.wiring import Wiring, running, wire

REFERENCES = UUID("6f7a1d0e-5b1c-5d0a-9a43-0c1d6b7f2e55")
"""The name space of references: the same CPTS and reference are the same request."""


async def requests(wiring: Wiring, _cpts: str) -> FileWriter:
    """Requests, put on the board of their CPTS."""
    async with running(wire("availability", wiring.settings)) as directory, open_scoped(directory)() as session:
        practitioners = dict((await session.exec(select(PractitionerRow.rpps, PractitionerRow.id))).all())
        territories = frozenset((await session.exec(select(CptsRow.finess))).all())
    write = partial(_write_request, practitioners, territories)
    return FileWriter(read_requests, partial(one_by_one, write), open_scoped(wiring))


async def _write_request(
    practitioners: dict[str, UUID], territories: frozenset[str], session: AsyncSession, line: RequestLine
) -> str:
    request_id = uuid5(REFERENCES, f"{line.cpts}/{line.reference}")
    if await session.get(RequestRow, request_id) is not None:
        return "same"
    if line.cpts not in territories:
        raise Invalid("Cette CPTS est inconnue ici.", field="cpts", value=line.cpts)
    if line.habitual_rpps and line.habitual_rpps not in practitioners:
        raise Invalid("Ce praticien est inconnu ici.", field="praticien_habituel", value=line.habitual_rpps)
    form = RequestForm(
        cpts_id=line.cpts,
        insee=line.insee,
        urgency=line.urgency,
        motive=line.motive,
        earliest_at=line.earliest_at,
        deadline_at=line.deadline_at,
        answer_by=line.answer_by,
        professions=list(line.professions),
        modes=list(line.modes),
        age=line.age,
        own_transport=not line.on_foot,
        max_travel_minutes=line.max_travel_minutes,
        wheelchair=line.wheelchair,
        party=line.party,
        habitual_practitioner_id=practitioners.get(line.habitual_rpps),
        source=line.source,
    )
    row = await new_request(session, MACHINE, form)
    row.id = request_id
    await add_request(session, row)
    await tell(session, row, "submitted")
    return "added"


async def attachments(wiring: Wiring, cpts: str) -> FileWriter:
    """People without a médecin traitant, entered in the register of a CPTS."""

    async def enter(session: AsyncSession, line: AttachmentLine) -> str:
        return await enter_line(session, MACHINE, wiring.vault, cpts, line)

    return FileWriter(read_attachments, partial(one_by_one, enter), open_scoped(wiring))
