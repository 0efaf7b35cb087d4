"""A small territory with people in it, as the pages' tests and screenshots need it. Every person is invented."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from services.availability import orders
from services.availability.app import directory
from services.installation.together import build
from shared.auth import Role
from shared.db.ids import new_id
from shared.db.tables import AccountRow, CommuneRow, RoleGrantRow
from shared.http import COOKIE
from shared.settings import Settings
from tests.builders import CPTS, MORNING, a_person, owner, show
from tests.processes import free_port
from tests.serving import serving
from tests.towns import slots_known

COMMUNES = (
    ("48095", "Mende", 44.5186, 3.4997, 12300),
    ("48013", "Badaroux", 44.5383, 3.5467, 960),
    ("48016", "Balsièges", 44.4836, 3.4556, 530),
    ("48018", "Barjac", 44.5030, 3.4040, 780),
    ("48081", "Lanuéjols", 44.4970, 3.5720, 320),
    ("48039", "Chanac", 44.4660, 3.3440, 1480),
)
PEOPLE = (
    ("Ada", "EXEMPLE", "10", "Maison médicale de l'Essai", "48095", 44.5190, 3.4990),
    ("Basile", "FICTIF", "10", "Cabinet du Modèle", "48095", 44.5220, 3.5060),
    ("Chloé", "SPECIMEN", "10", "Cabinet de Badaroux", "48013", 44.5383, 3.5467),
    ("Denis", "TEMOIN", "10", "Cabinet de Balsièges", "48016", 44.4836, 3.4556),
    ("Elsa", "MODELE", "60", "Soins infirmiers de l'Essai", "48095", 44.5170, 3.4950),
    ("Farid", "ESSAI", "10", "Maison de santé de Chanac", "48039", 44.4660, 3.3440),
)
WAITING = (
    (1, "48095", "abdominal_pain", "26"),
    (1, "48095", "fever_child", "10"),
    (2, "48039", "dental_pain", "40"),
    (2, "48013", "sprain", "10"),
    (3, "48018", "dressing", "21"),
    (4, "48081", "cystitis", "26"),
)
"""Requests by class, commune, motive and profession: some find a slot, some have nobody to serve them."""
ROLES = {
    Role.PRACTITIONER: "Dr Ada EXEMPLE",
    Role.PHARMACIST: "Pharmacie de l'Essai",
    Role.REGULATOR: "Régulation d'essai",
    Role.COORDINATOR: "Coordination d'essai",
    Role.COMMITTEE: "Comité d'essai",
    Role.ADMIN: "Administration d'essai",
}


@dataclass(frozen=True, slots=True)
class Town:
    """A running product at `url`, and who lives there: `practitioners[i]` works at `places[i]`."""

    url: str
    settings: Settings
    practitioners: Sequence[UUID]
    places: Sequence[UUID]

    async def token(self, role: Role, index: int | None = None) -> str:
        """The session of someone with a role; of the practitioner `index` when it is given."""
        own = (None,) if index is None else (self.practitioners[index],)
        return await a_person(self.settings, role, practitioners=own)

    @asynccontextmanager
    async def client(self, role: Role, index: int | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """Someone who uses the JSON interface."""
        cookies = {COOKIE: await self.token(role, index)}
        async with httpx.AsyncClient(
            base_url=self.url, cookies=cookies, headers={"origin": self.url}, timeout=30
        ) as client:
            yield client

    async def publish(self, index: int, *, in_minutes: int, count: int = 1, **more: Any) -> list[dict[str, Any]]:
        """Slots of one practitioner, so many minutes after the morning began."""
        body = {
            "practitioner_id": str(self.practitioners[index]),
            "place_id": str(self.places[index]),
            "starts_at": (MORNING + timedelta(minutes=in_minutes)).isoformat(),
            "count": count,
            "types": ["CPTS", "SNP", "PRO"],
            **more,
        }
        async with self.client(Role.PRACTITIONER, index) as client:
            answer = await client.post("/availability/slots", json=body)
        assert answer.status_code == 201, answer.text
        slots: list[dict[str, Any]] = answer.json()["slots"]
        return slots


async def settle(settings: Settings, url: str) -> Town:
    """Put the people, their places, the communes and the demonstration accounts into an empty database."""
    await show(settings, MORNING)
    people, places = [], []
    async with owner(settings) as session:
        for insee, name, lat, lon, population in COMMUNES:
            session.add(
                CommuneRow(
                    insee=insee, name=name, departement="48", postal_codes=["48000"], former_names=[], lat=lat, lon=lon,
                    population=population,
                )
            )  # fmt: skip
        territory = orders.Cpts(name="CPTS de l'Essai", size=1, communes=[insee for insee, *_ in COMMUNES])
        await directory.put_cpts(session, CPTS, territory)
        for index, (first, last, profession, where, insee, lat, lon) in enumerate(PEOPLE):
            entry = orders.PractitionerEntry(
                cpts_id=CPTS, last_name=last, first_name=first, profession=profession, phone="04 66 00 00 00"
            )
            place = orders.Place(
                cpts_id=CPTS, name=where, address=f"{index + 1} rue de l'Essai, 48000", insee=insee, lat=lat, lon=lon,
                phone="04 66 00 00 00", wheelchair=index % 2 == 0, access_note="2e étage, code 12A",
            )  # fmt: skip
            people.append(await directory.put_practitioner(session, f"9900000000{index}", entry))
            places.append(await directory.put_place(session, f"essai:{index}", place))
            await directory.put_membership(session, people[-1], CPTS, datetime(2020, 1, 1, tzinfo=UTC))
            await directory.put_schedule(session, people[-1], places[-1], CPTS)
        for role, label in ROLES.items():
            account = AccountRow(id=new_id(MORNING), label=label, demo=True)
            session.add(account)
            await session.flush()
            own = people[0] if role is Role.PRACTITIONER else None
            session.add(
                RoleGrantRow(
                    id=new_id(MORNING), account_id=account.id, role=role, cpts_id=CPTS, practitioner_id=own
                )
            )  # fmt: skip
    return Town(url, settings, people, places)


async def fill(place: Town) -> None:
    """Slots of several practitioners, a withdrawn one; requests that wait, requests that were served."""
    slots = await place.publish(0, in_minutes=60, count=6)
    await place.publish(1, in_minutes=45, count=3)
    await place.publish(2, in_minutes=150, count=2)
    await place.publish(3, in_minutes=300, count=2)
    await place.publish(5, in_minutes=90, count=2, modes=["AMB", "VR"])
    async with place.client(Role.PRACTITIONER, 0) as client:
        answer = await client.post(f"/availability/slots/{slots[4]['id']}/withdrawal", json={"reason": "essai"})
        assert answer.status_code == 200, answer.text
    async with place.client(Role.PHARMACIST) as client:
        for urgency, insee, motive, profession in WAITING:
            body = {"insee": insee, "urgency": urgency, "motive": motive, "professions": [profession]}
            answer = await client.post("/matching/requests", json=body)
            assert answer.status_code == 201, answer.text
        near = {"insee": "48018", "urgency": 2, "motive": "sprain", "max_travel_minutes": 1}
        request = (await client.post("/matching/requests", json=near)).json()
        asked = f"/matching/requests/{request['id']}/overbooking-asks"
        chosen = {"practitioner_ids": [str(place.practitioners[0])]}
        while (answer := await client.post(asked, json=chosen)).status_code == httpx.codes.SERVICE_UNAVAILABLE:
            await asyncio.sleep(0.1)
        assert answer.status_code == 201, answer.text


@asynccontextmanager
async def town(settings: Settings) -> AsyncIterator[Town]:
    """The whole product on a loopback port, with a territory in it, on a Tuesday at 9:00."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    here = settings.model_copy(
        update={"public_url": url, "availability_url": f"{url}/availability", "matching_url": f"{url}/matching"}
    )
    place = await settle(here, url)
    app = build(here)
    async with serving(app, port):
        await slots_known(app)
        yield place
