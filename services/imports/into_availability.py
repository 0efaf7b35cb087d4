"""Writes the professionals and the slots of a file, through the use cases that the API calls."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import orders
from services.availability.app import directory
from services.availability.app.slots import publish_slots
from services.availability.tables import CptsRow, PlaceRow, PractitionerRow, ScheduleRow, SlotRow
from services.files.outcome import MACHINE, FileWriter, one_by_one, open_scoped
from services.files.professionals import PracticePlace, Professional, read_professionals
from services.files.slots import SlotLine, read_slots
from shared.db.tables import CommuneRow
from shared.embedded.place import CannotStart
from shared.refusals import Invalid
from shared.typed.phones import LONGEST
from shared.wiring import Wiring
from shared.wording.labels import fill


async def professionals(wiring: Wiring, cpts: str) -> FileWriter:
    """The professionals who practise in the communes of a CPTS. CannotStart when the CPTS is not there."""
    transaction = open_scoped(wiring)
    async with transaction() as session:
        middles = middles_of(await communes_of(session, cpts))
    write = partial(write_professional, cpts, middles)
    return FileWriter(partial(read_professionals, communes=middles), partial(one_by_one, write), transaction)


async def communes_of(session: AsyncSession, cpts: str) -> Sequence[CommuneRow]:
    """The communes of a CPTS. CannotStart when the CPTS is not there, or none of its communes."""
    territory = await session.get(CptsRow, cpts)
    if territory is None:
        raise CannotStart(f"Aucune CPTS « {cpts} » : la créer d'abord (aiguillage cpts add), ou corriger --cpts.")
    communes = (await session.exec(select(CommuneRow).where(col(CommuneRow.insee).in_(territory.communes)))).all()
    if not communes:
        raise CannotStart("Les communes de cette CPTS ne sont pas chargées : aiguillage import communes d'abord.")
    return communes


def middles_of(communes: Sequence[CommuneRow]) -> dict[str, tuple[float, float]]:
    """Where communes are, in degrees, by INSEE code."""
    return {commune.insee: (commune.lat, commune.lon) for commune in communes}


async def write_professional(
    cpts: str, middles: Mapping[str, tuple[float, float]], session: AsyncSession, person: Professional
) -> str:
    """Write a person with their places (`middles`: degrees by INSEE code); answers a count's name."""
    before = await _entry(session, person.rpps)
    practitioner_id = await directory.put_practitioner(
        session,
        person.rpps,
        orders.PractitionerEntry(
            cpts_id=cpts,
            last_name=person.family,
            first_name=person.given or "-",
            profession=person.profession,
            specialty=person.specialties[0] if person.specialties else "",
            phone=person.phone or next((place.phone for place in person.places if place.phone), ""),
        ),
    )
    await directory.put_membership(session, practitioner_id, cpts, None)
    for place in person.places:
        place_id = await directory.put_place(
            session, place.key(person.rpps)[:60], _place_order(cpts, place, middles[place.insee])
        )
        await directory.put_schedule(session, practitioner_id, place_id, cpts)
    if before is None:
        return "added"
    return "same" if before == await _entry(session, person.rpps) else "changed"


def _place_order(cpts: str, place: PracticePlace, middle: tuple[float, float]) -> orders.Place:
    """A place in the middle of its commune: the extraction gives no position."""
    return orders.Place(
        cpts_id=cpts,
        name=(place.name or "Cabinet")[:120],
        address=", ".join(filter(None, (place.address, place.postal_code)))[:200],
        insee=place.insee,
        lat=middle[0],
        lon=middle[1],
        phone=place.phone[:LONGEST],
    )


async def _entry(session: AsyncSession, rpps: str) -> tuple[Any, ...] | None:
    """The directory's entry of a person with its places, to be compared."""
    fresh = {"populate_existing": True}
    found = select(PractitionerRow).where(PractitionerRow.rpps == rpps).execution_options(**fresh)
    row = (await session.exec(found)).one_or_none()
    if row is None:
        return None
    works = select(PlaceRow).join(ScheduleRow, col(ScheduleRow.place_id) == col(PlaceRow.id))
    mine = works.where(ScheduleRow.practitioner_id == row.id).order_by(col(PlaceRow.key)).execution_options(**fresh)
    places = (await session.exec(mine)).all()
    return (row.model_dump(), [place.model_dump() for place in places])


async def slots(wiring: Wiring, _cpts: str) -> FileWriter:
    """Slots, published for their practitioners."""
    return FileWriter(read_slots, partial(one_by_one, _write_slot), open_scoped(wiring))


async def _write_slot(session: AsyncSession, line: SlotLine) -> str:
    practitioner_id, place_id = await _where(session, line)
    known = select(SlotRow.id).where(
        SlotRow.practitioner_id == practitioner_id,
        SlotRow.starts_at == line.starts_at,
        SlotRow.ends_at == line.ends_at,
        SlotRow.status == "published",
    )
    if (await session.exec(known)).first() is not None:
        return "same"
    order = orders.NewSlots(
        practitioner_id=practitioner_id,
        place_id=place_id,
        starts_at=line.starts_at,
        minutes=int((line.ends_at - line.starts_at).total_seconds() // 60),
        capacity=line.capacity,
        modes=list(line.modes),
        types=list(line.types),
        audience=list(line.cpts),
        acts=list(line.acts),
        min_age=line.min_age,
        max_age=line.max_age,
        appointment="ROUTINE" if line.with_appointment else "WALKIN",
        give_back_minutes=line.give_back_min,
    )
    await publish_slots(session, MACHINE, order)
    return "added"


async def _where(session: AsyncSession, line: SlotLine) -> tuple[UUID, UUID]:
    """The practitioner and the place of a line; raises `Invalid` when there is none, or several places."""
    works = (
        select(PractitionerRow.id, PlaceRow.id, PlaceRow.key)
        .join(ScheduleRow, col(ScheduleRow.practitioner_id) == col(PractitionerRow.id))
        .join(PlaceRow, col(PlaceRow.id) == col(ScheduleRow.place_id))
        .where(PractitionerRow.rpps == line.rpps)
    )
    found = (await session.exec(works)).all()
    if not found:
        raise Invalid("Ce praticien n'exerce nulle part ici : l'importer d'abord.", field="rpps", value=line.rpps)
    fitting = [each for each in found if not line.place or each[2].partition(":")[2] == line.place]
    if len(fitting) != 1:
        known = ", ".join(sorted(key for _, _, key in found))
        raise Invalid(fill("Choisir « lieu » parmi : {known}.", known=known), field="lieu", value=line.place)
    return fitting[0][0], fitting[0][1]
