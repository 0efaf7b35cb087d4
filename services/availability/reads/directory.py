"""The directory as people read it: names, professions, phones, addresses."""

from collections import defaultdict
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import or_, union
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.reads import of_guests, visible_to
from services.availability.tables import MembershipRow, PlaceRow, PractitionerRow, ScheduleRow, SlotRow
from shared.typed.phones import link


class DirectoryPlace(BaseModel):
    """Where someone can be seen; `key` is its business key, such as `finess:130012345`; `call`: its phone as a link."""

    id: str
    key: str
    name: str
    address: str
    insee: str
    phone: str
    call: str = ""
    wheelchair: bool
    access_note: str


class DirectoryEntry(BaseModel):
    """Who can be seen; profession and specialty in national codes; `call` is where their phone leads (`tel:+33…`)."""

    id: str
    rpps: str
    last_name: str
    first_name: str
    profession: str
    specialty: str
    phone: str
    call: str = ""
    places: list[DirectoryPlace]


class Directory(BaseModel):
    """Everyone who gives care in a CPTS, or shows it slots."""

    practitioners: list[DirectoryEntry]


async def directory(session: AsyncSession, cpts_id: str) -> Directory:
    """The directory of one CPTS, in order of names."""
    members = select(MembershipRow.practitioner_id).where(col(MembershipRow.cpts_id) == cpts_id)
    people = (
        select(PractitionerRow)
        .where(
            or_(
                col(PractitionerRow.id).in_(members),
                col(PractitionerRow.id).in_(of_guests(SlotRow.practitioner_id, cpts_id)),
            )
        )
        .order_by(col(PractitionerRow.last_name), col(PractitionerRow.first_name), col(PractitionerRow.rpps))
    )
    where = await _places(session, cpts_id)
    return Directory(
        practitioners=[
            DirectoryEntry(
                **row.model_dump(include=set(DirectoryEntry.model_fields) - {"id", "call"}),
                id=str(row.id),
                call=link(row.phone, where[row.id][0].insee if where[row.id] else ""),
                places=where[row.id],
            )
            for row in (await session.exec(people)).all()
        ]
    )


async def _places(session: AsyncSession, cpts_id: str) -> dict[UUID, list[DirectoryPlace]]:
    ours = select(ScheduleRow.practitioner_id, ScheduleRow.place_id).where(col(ScheduleRow.cpts_id) == cpts_id)
    shown = select(SlotRow.practitioner_id, SlotRow.place_id).where(visible_to(cpts_id))
    works = union(ours, shown).subquery()
    found = select(works.c.practitioner_id, PlaceRow).join(PlaceRow, col(PlaceRow.id) == works.c.place_id)
    places: dict[UUID, list[DirectoryPlace]] = defaultdict(list)
    for practitioner_id, row in await session.exec(found.order_by(col(PlaceRow.name))):
        plain = row.model_dump(include=set(DirectoryPlace.model_fields) - {"id", "call"})
        places[practitioner_id].append(DirectoryPlace(**plain, id=str(row.id), call=link(row.phone, row.insee)))
    return places
