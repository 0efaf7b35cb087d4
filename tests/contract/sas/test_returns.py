"""INT_R03: the SAS is told of the appointments that its regulators take, over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.availability.interop.fhir import terms
from services.availability.interop.sas.regulators import RegulatorValue, regulator
from services.availability.interop.sas.returns import STREAM, Returns, telling_the_sas
from services.availability.interop.sas.settings import SasSettings
from shared.auth import Role
from shared.http.parts import read_parts
from shared.settings import Settings
from shared.wiring import Wiring
from tests.builders import MORNING, Service, Territory, a_hold, a_slot, a_territory, availability, show
from tests.contract.sas.receiver import Receiver
from tests.contract.sas.test_examples import require_valid
from tests.serving import serving

OURS = "urn:oid:1.2.250.1.999.1"
PATIENT = {"name": "PATIENTE-FICTIVE", "phone": "0600000000", "birth_date": "1950-01-01", "note": "fièvre fictive"}


@dataclass(slots=True)
class Desk:
    """A service, a regulator of the SAS, and the SAS."""

    service: Service
    territory: Territory
    matching: httpx.AsyncClient
    regulator: str
    sas: Receiver
    url: str
    returns: Returns

    async def booked(self, number: int = 0, *, held_for: str = "", **patient: Any) -> dict[str, Any]:
        """A booking of the regulator (or of someone else), confirmed."""
        starts_at = MORNING + timedelta(hours=2 + number)
        slot = await a_slot(self.matching, self.territory, starts_at=starts_at.isoformat())
        booking = await a_hold(self.matching, slot, f"r{number}", held_for=held_for or self.regulator)
        await self.said(booking, "confirmation", **({"patient": PATIENT} if patient else {}))
        return booking

    async def said(self, booking: dict[str, Any], what: str, **body: Any) -> None:
        answer = await self.matching.post(f"/bookings/{booking['id']}/{what}", json=body or None)
        assert answer.is_success, answer.text

    async def waiting(self) -> list[dict[str, Any]]:
        answer = await (await self.service.person(Role.COORDINATOR)).get("/sas/returns")
        found: list[dict[str, Any]] = answer.json()["waiting"]
        return found


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    sas = Receiver()
    async with availability(settings, sweeps=False) as service, serving(sas.app()) as url:
        territory = await a_territory(service.settings)
        account = RegulatorValue("Essai", "Une", "regulatrice@exemple.invalid", True, national_id="3456780581/1")
        async with service.anyone() as anyone:
            created = await anyone.post("/fhir/Practitioner", json=regulator(account, id="1"))
        async with httpx.AsyncClient(base_url=f"{url}/fhir/", timeout=30) as client:
            returns = Returns(read_parts(service.app)[Wiring], client, system=OURS)
            yield Desk(service, territory, await service.machine(), created.json()["id"], sas, url, returns)


async def test_a_confirmed_appointment_is_told_once(desk: Desk) -> None:
    booking = await desk.booked()
    assert await desk.returns.turn() == 1
    assert await desk.returns.turn() == 0
    assert desk.sas.calls == ["POST"]
    told = desk.sas.kept[booking["id"]]
    require_valid(told)
    assert told["meta"]["profile"] == [terms.APPOINTMENT]
    assert told["status"] == "booked"
    assert told["identifier"] == [{"system": OURS, "value": booking["id"]}]
    assert told["start"] == "2026-11-24T11:00:00.000+01:00"
    assert told["extension"][0]["valueReference"]["identifier"]["value"] == "3456780581/1"
    assert await desk.waiting() == []


@pytest.mark.parametrize(
    ("what", "body", "status"),
    [("honoured", {}, "fulfilled"), ("no-show", {}, "noshow"), ("cancellation", {"reason": "annulé"}, "cancelled")],
)
async def test_what_becomes_of_it_is_told_too(desk: Desk, what: str, body: dict[str, str], status: str) -> None:
    booking = await desk.booked()
    await desk.returns.turn()
    await desk.said(booking, what, **body)
    await desk.returns.turn()
    assert desk.sas.calls == ["POST", "PUT"]
    assert desk.sas.kept[booking["id"]]["status"] == status


async def test_a_moved_slot_is_told_too(desk: Desk) -> None:
    slot = await a_slot(desk.matching, desk.territory)
    booking = await a_hold(desk.matching, slot, held_for=desk.regulator)
    await desk.said(booking, "confirmation")
    await desk.returns.turn()
    coordinator = await desk.service.person(Role.COORDINATOR)
    starts_at = MORNING + timedelta(hours=4)
    moved = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(minutes=15)).isoformat()}
    answer = await coordinator.patch(f"/slots/{slot['id']}", json=moved)
    assert answer.is_success, answer.text
    await desk.returns.turn()
    assert desk.sas.kept[booking["id"]]["start"] == "2026-11-24T13:00:00.000+01:00"


async def test_no_patient_is_ever_named(desk: Desk) -> None:
    booking = await desk.booked(patient=True)
    await desk.returns.turn()
    await desk.said(booking, "honoured")
    await desk.returns.turn()
    assert len(desk.sas.bodies) == 2
    for body in desk.sas.bodies:
        assert not [value for value in PATIENT.values() if value in body]


async def test_the_appointments_of_others_are_not_told(desk: Desk) -> None:
    await desk.booked(held_for="someone else")
    slot = await a_slot(desk.matching, desk.territory, index=1)
    await a_hold(desk.matching, slot, "only held", held_for=desk.regulator)
    assert await desk.returns.turn() == 0
    assert desk.sas.calls == []


async def test_a_refusal_is_visible_and_tried_again_later(desk: Desk) -> None:
    booking = await desk.booked()
    desk.sas.refusing = 503
    await desk.returns.turn()
    assert await desk.returns.turn() == 0
    assert await desk.waiting() == [{"booking_id": booking["id"], "status": "booked", "tries": 1, "error": "HTTP 503"}]
    desk.sas.refusing = 0
    await show(desk.service.settings, MORNING + timedelta(minutes=2))
    assert await desk.returns.turn() == 1
    assert desk.sas.kept[booking["id"]]["status"] == "booked"
    assert await desk.waiting() == []


async def test_waits_grow_longer_up_to_an_hour(desk: Desk) -> None:
    await desk.booked()
    desk.sas.refusing = 500
    at, tried = MORNING, list[int]()
    for minute in range(0, 240, 2):
        # A little earlier after each try: a wait of an hour is not over at the same minute, however slow a turn was.
        await show(desk.service.settings, at + timedelta(minutes=minute, seconds=-10 * len(tried)))
        if await desk.returns.turn():
            tried.append(minute)
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses == sorted(pauses)
    assert pauses[-2:] == [62, 62]


async def test_an_answer_that_got_lost_is_made_up_for(desk: Desk) -> None:
    booking = await desk.booked()
    desk.sas.deaf = True
    await desk.returns.turn()
    desk.sas.deaf = False
    await show(desk.service.settings, MORNING + timedelta(minutes=2))
    await desk.returns.turn()
    assert desk.sas.calls == ["POST", "PUT"]
    assert list(desk.sas.kept) == [booking["id"]]


async def test_a_sas_that_is_away_loses_nothing(desk: Desk) -> None:
    await desk.booked()
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1/") as nobody:
        await Returns(read_parts(desk.service.app)[Wiring], nobody, system=OURS).turn()
    assert [each["error"] for each in await desk.waiting()] == ["ConnectError"]


async def test_two_senders_at_once_send_once(desk: Desk) -> None:
    for number in range(3):
        await desk.booked(number)
    counts = await asyncio.gather(*(desk.returns.turn() for _ in range(4)))
    assert sum(counts) == len(desk.sas.calls) == 3


async def test_the_service_tells_by_itself(desk: Desk) -> None:
    booking = await desk.booked()
    wiring = read_parts(desk.service.app)[Wiring]
    async with telling_the_sas(wiring, SasSettings(returns_url=f"{desk.url}/fhir")), asyncio.timeout(20):
        while booking["id"] not in desk.sas.kept:
            await wiring.bell.ring(STREAM)
            await asyncio.sleep(0.05)
    assert UUID(booking["id"])
