"""Loads the two territories: communes, CPTS, people who do not exist, and the accounts of the demonstration."""

from collections.abc import Callable
from pathlib import Path

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import orders
from services.availability.app import directory
from services.availability.store.directory import add_all
from services.availability.tables import CptsRow, MembershipRow, PlaceRow, PractitionerRow, ScheduleRow
from services.demo.people import DemoPlace, DemoProfessional, draw_people
from services.demo.territories import TERRITORIES, DemoTerritory
from services.files.communes import Commune, departement
from services.imports.store import write_communes
from services.installation.starting import install
from services.people.signin import add_account
from shared.auth import Role
from shared.db import Scope, set_scope
from shared.db.clock import Clock
from shared.db.ids import new_id
from shared.db.tables import AccountRow
from shared.patients.vault import Vault
from shared.settings import Settings
from shared.wiring import running, wire

ACCOUNTS = (
    (Role.REGULATOR, "Régulation"),
    (Role.PHARMACIST, "Pharmacie"),
    (Role.PRACTITIONER, "Médecin"),
    (Role.DELEGATE, "Secrétariat médical"),
    (Role.COORDINATOR, "Coordination"),
    (Role.COMMITTEE, "Comité de pilotage"),
    (Role.ADMIN, "Administration"),
)
JOINED = Clock().anchor_at
"""Long enough ago that nobody is a newcomer."""


async def seed(settings: Settings, seed_number: int, say: Callable[[str], None]) -> None:
    """Load what is not there yet; a second time changes nothing."""
    async with running(wire("availability", settings)) as wiring:
        for territory in TERRITORIES:
            async with wiring.open_session() as session:
                await set_scope(session, Scope(frozenset({"*"})))
                if await session.get(CptsRow, territory.finess) is None:
                    say(f"Chargement : {territory.name} ({territory.inhabitants} habitants)…")
                    await write_communes(session, _communes(territory))
                    await _load(session, territory, draw_people(territory, seed_number))
                await _add_accounts(session, wiring.vault, territory)


async def _load(session: AsyncSession, territory: DemoTerritory, people: list[DemoProfessional]) -> None:
    """Write a territory that is not there yet, in bulk: hundreds of people, whom nobody follows so far."""
    finess = territory.finess
    places = {person.place.key: _place(person.place, finess) for person in people}
    practitioners = {person.rpps: _practitioner(person, finess) for person in people}
    await add_all(session, [*places.values(), *practitioners.values()])
    communes = [town.insee for town in territory.towns]
    await directory.put_cpts(session, finess, orders.Cpts(name=territory.name, size=territory.size, communes=communes))
    rows: list[SQLModel] = []
    for person in people:
        practitioner_id, place_id = practitioners[person.rpps].id, places[person.place.key].id
        rows.append(MembershipRow(practitioner_id=practitioner_id, cpts_id=finess, joined_at=JOINED))
        rows.append(ScheduleRow(practitioner_id=practitioner_id, place_id=place_id, cpts_id=finess))
    await add_all(session, rows)


def _place(place: DemoPlace, finess: str) -> PlaceRow:
    return PlaceRow(
        id=new_id(JOINED),
        cpts_id=finess,
        key=place.key,
        name=place.name,
        address=f"Rue de l'Exemple, {place.town.postal_code} {place.town.name}",
        insee=place.town.insee,
        lat=place.lat,
        lon=place.lon,
        phone="",
        wheelchair=place.wheelchair,
    )


def _practitioner(person: DemoProfessional, finess: str) -> PractitionerRow:
    return PractitionerRow(
        id=new_id(JOINED),
        cpts_id=finess,
        rpps=person.rpps,
        last_name=person.last_name,
        first_name=person.first_name,
        profession=person.profession,
        specialty=person.specialty,
        phone="",
    )


async def _add_accounts(session: AsyncSession, vault: Vault, territory: DemoTerritory) -> None:
    """One account a role, and for the doctor and the secretary the first general practitioner."""
    known = set((await session.exec(select(AccountRow.label).where(col(AccountRow.demo)))).all())
    doctor = (
        await session.exec(
            select(PractitionerRow)
            .where(PractitionerRow.cpts_id == territory.finess, PractitionerRow.profession == "10")
            .order_by(col(PractitionerRow.rpps))
            .limit(1)
        )
    ).one()
    for role, title in ACCOUNTS:
        bound = role in {Role.PRACTITIONER, Role.DELEGATE}
        of = f" du Dr {doctor.last_name}" if role is Role.DELEGATE else f" : Dr {doctor.last_name}" if bound else ""
        label = f"{title}{of} ({territory.short})"
        if label not in known:
            await add_account(
                session,
                vault,
                label=label,
                role=role,
                cpts_id=territory.finess,
                practitioner_id=doctor.id if bound else None,
                demo=True,
            )


def _communes(territory: DemoTerritory) -> list[Commune]:
    return [
        Commune(
            insee=town.insee,
            name=town.name,
            postal_codes=(town.postal_code,),
            lat=town.lat,
            lon=town.lon,
            population=town.inhabitants,
            departement=departement(town.insee),
            parent=town.parent,
            former_names=(),
        )
        for town in territory.towns
    ]


async def load(data_dir: Path, seed_number: int, say: Callable[[str], None]) -> None:
    """Load the demonstration into an installation, without playing it."""
    async with install(data_dir, demo=True, join=True) as here:
        await seed(here.settings, seed_number, say)
