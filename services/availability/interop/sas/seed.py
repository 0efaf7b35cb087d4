"""Invented practitioners with the slots that the SAS's certification kit asks for.

`single`: one place, every type and mode. `places`: two places. `cpts_shared`: slots for CPTS only, each visible to two.
`cpts_two`: slots for CPTS only, in one CPTS at one place and in the other at another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import orders
from services.availability.app import directory
from services.availability.app.slots import publish_slots
from services.availability.interop.sas.api import EVERYTHING, base_url
from services.availability.interop.sas.settings import SasSettings
from services.availability.store.slots import one_at_a_time
from services.availability.tables import SlotRow
from shared.auth import Caller, Role
from shared.db import database_now, set_scope
from shared.db.clock import PARIS
from shared.wiring import Wiring

NORTH, SOUTH = "990000011", "990000029"
MINUTES = 15
HOURS = (9, 12, 15, 18)
DAYS = 3
SEEDER = Caller(id="machine:seed", role=Role.MACHINE, cpts=frozenset({"*"}))


@dataclass(frozen=True, slots=True)
class SasSetup:
    """A practitioner: the CPTS of each of their places, and the (types, modes, other CPTS) of their slots in turn."""

    name: str
    rpps: str
    homes: tuple[str, ...]
    offers: tuple[tuple[tuple[orders.SlotType, ...], tuple[orders.Mode, ...], tuple[str, ...]], ...]


SETUPS = (
    SasSetup(
        "single",
        "99900000011",
        (NORTH,),
        ((("PUBLIC",), ("AMB",), ()), (("PRO",), ("HH",), ()), (("SNP",), ("VR",), ())),
    ),
    SasSetup("places", "99900000029", (NORTH, NORTH), ((("PUBLIC",), ("AMB",), ()),)),
    SasSetup("cpts_shared", "99900000037", (NORTH,), ((("CPTS",), ("AMB",), (SOUTH,)),)),
    SasSetup("cpts_two", "99900000045", (NORTH, SOUTH), ((("CPTS",), ("AMB",), ()),)),
)


async def seed_conformance(wiring: Wiring, sas: SasSettings) -> dict[str, str]:
    """Put the practitioners and their free slots into the base; answers the FHIR base and the RPPS by use.

    Running it again adds the slots of the days that have come since.
    """
    async with wiring.open_session() as session:
        await set_scope(session, EVERYTHING)
        for finess, name in ((NORTH, "CPTS Fictive Nord"), (SOUTH, "CPTS Fictive Sud")):
            await directory.put_cpts(session, finess, orders.Cpts(name=name, size=1, communes=[]))
        for setup in SETUPS:
            await _seed(session, setup)
    rpps = {setup.name: setup.rpps for setup in SETUPS}
    return {"base": base_url(sas, wiring.settings.public_availability_url), **rpps}


async def _seed(session: AsyncSession, setup: SasSetup) -> None:
    person = orders.PractitionerEntry(
        last_name="Essai", first_name=setup.name.replace("_", "-").title(), profession="10", specialty="SM54",
        phone="0100000000",
    )  # fmt: skip
    practitioner_id = await directory.put_practitioner(session, setup.rpps, person)
    places = [await _place(session, setup, number) for number in range(len(setup.homes))]
    for place_id, cpts_id in zip(places, setup.homes, strict=True):
        await directory.put_membership(session, practitioner_id, cpts_id, None)
        await directory.put_schedule(session, practitioner_id, place_id, cpts_id)
    await one_at_a_time(session, practitioner_id)
    times = await _free_times(session, practitioner_id)
    for starts_at, place_id, (types, modes, others) in zip(times, cycle(places), cycle(setup.offers), strict=False):
        order = orders.NewSlots(
            practitioner_id=practitioner_id, place_id=place_id, starts_at=starts_at, minutes=MINUTES,
            types=list(types), modes=list(modes), audience=list(others), give_back_minutes=0,
        )  # fmt: skip
        await publish_slots(session, SEEDER, order)


async def _place(session: AsyncSession, setup: SasSetup, number: int) -> UUID:
    place = orders.Place(
        name=f"Cabinet fictif {number + 1}", address=f"{number + 1} rue de l'Essai 31000 Toulouse", insee="31555",
        lat=43.6, lon=1.44, phone="0500000000",
    )  # fmt: skip
    return await directory.put_place(session, f"finess:99{setup.rpps[-5:]}{number:02}", place)


async def _free_times(session: AsyncSession, practitioner_id: UUID) -> Sequence[datetime]:
    """An hour from now, then fixed hours of today, tomorrow and the day after: those that touch no slot of theirs."""
    now = await database_now(session)
    today = now.astimezone(PARIS).replace(minute=0, second=0, microsecond=0)
    wanted = [today + timedelta(hours=2)]
    wanted += [today.replace(hour=hour) + timedelta(days=day) for day in range(DAYS) for hour in HOURS]
    taken = (
        await session.exec(
            select(SlotRow.starts_at, SlotRow.ends_at).where(
                SlotRow.practitioner_id == practitioner_id, col(SlotRow.ends_at) > now
            )
        )
    ).all()
    length = timedelta(minutes=MINUTES)
    return [
        at
        for at in sorted(set(wanted))
        if at > now and not any(at < ends_at and starts_at < at + length for starts_at, ends_at in taken)
    ]
