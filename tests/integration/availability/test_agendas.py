"""Practitioners' agendas, over a real socket: what they are busy with closes slots."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import text

from services.availability.interop.agendas.following import Agendas
from shared.auth import Role
from shared.db import run
from shared.http.parts import read_parts
from shared.outside.public_address import UnsafeAddress, require_public
from shared.patients.vault import Vault
from shared.wiring import Wiring
from tests.builders import CPTS, MORNING, Service, Territory, a_hold, a_slot, owner, show
from tests.serving import serving


@dataclass(slots=True)
class Publisher:
    """Somebody's agenda on a web server."""

    content: bytes = b""
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.add_api_route("/private/agenda.ics", self._answer)
        return app

    async def _answer(self, request: Request) -> Response:
        tag = f'"{hash(self.content)}"'
        self.asked.append(request.headers.get("if-none-match", ""))
        if self.asked[-1] == tag:
            return Response(status_code=304)
        return Response(self.content, status_code=self.status, headers={"etag": tag})


def busy(*hours: float) -> bytes:
    """An agenda that is busy one hour from each of these hours after the morning."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Essai//FR"]
    for number, hour in enumerate(hours):
        starts_at = (MORNING + timedelta(hours=hour)).astimezone(UTC)
        lines += ["BEGIN:VEVENT", f"UID:{number}", "DTSTAMP:20260101T000000Z", f"DTSTART:{starts_at:%Y%m%dT%H%M%SZ}"]
        lines += ["DURATION:PT1H", "SUMMARY:Mme PATIENTE-FICTIVE", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


@dataclass(slots=True)
class Practice:
    """A practitioner with an agenda elsewhere."""

    service: Service
    territory: Territory
    publisher: Publisher
    client: httpx.AsyncClient
    agendas: Agendas
    url: str

    @property
    def path(self) -> str:
        return f"/practitioners/{self.territory.practitioners[0]}/agenda"

    async def follow(self, content: bytes) -> None:
        self.publisher.content = content
        assert (await self.client.put(self.path, json={"url": self.url})).status_code == 204
        assert await self.agendas.turn()

    async def later(self, content: bytes, minutes: int, status: int = 200) -> None:
        self.publisher.content, self.publisher.status = content, status
        await show(self.service.settings, MORNING + timedelta(minutes=minutes))
        assert await self.agendas.turn()

    async def absences(self) -> list[float]:
        """When they are away: hours after the morning."""
        found = await self.client.get("/absences", params={"practitioner_id": str(self.territory.practitioners[0])})
        starts = [datetime.fromisoformat(each["starts_at"]) for each in found.json()]
        return [(at - MORNING).total_seconds() / 3600 for at in starts]


@pytest.fixture
async def practice(service: Service, territory: Territory) -> AsyncIterator[Practice]:
    publisher = Publisher()
    own = await service.person(Role.PRACTITIONER, territory.practitioners[0])
    async with serving(publisher.app()) as url, httpx.AsyncClient() as reader:
        agendas = Agendas(read_parts(service.app)[Wiring], reader)
        yield Practice(service, territory, publisher, own, agendas, f"{url}/private/agenda.ics")


async def test_busy_time_closes_slots_and_leaves_the_others(practice: Practice) -> None:
    closed = await a_slot(practice.client, practice.territory)
    kept = await a_slot(practice.client, practice.territory, starts_at=(MORNING + timedelta(hours=5)).isoformat())
    await practice.follow(busy(2))
    machine = await practice.service.machine()
    assert (await machine.post(f"/slots/{closed['id']}/bookings", json={"request_id": "r1"})).status_code == 409
    assert (await machine.post(f"/slots/{kept['id']}/bookings", json={"request_id": "r2"})).status_code == 201
    assert await practice.absences() == [2]


async def test_who_is_booked_stays_booked(practice: Practice) -> None:
    machine = await practice.service.machine()
    slot = await a_slot(practice.client, practice.territory)
    booking = await a_hold(machine, slot)
    await practice.follow(busy(2))
    assert (await machine.post(f"/bookings/{booking['id']}/confirmation")).status_code == 200


async def test_an_agenda_that_changes_is_followed_and_one_that_does_not_is_not_read_again(practice: Practice) -> None:
    await practice.follow(busy(2, 6))
    await practice.later(busy(2, 6), 6)
    assert practice.publisher.asked[0] == ""
    assert practice.publisher.asked[1] != ""
    await practice.later(busy(8), 12)
    assert await practice.absences() == [8]


async def test_a_broken_agenda_keeps_the_last_good_state_and_says_so(practice: Practice) -> None:
    await practice.follow(busy(2))
    await practice.later(b"<html>Se connecter</html>", 6)
    state = (await practice.client.get(practice.path)).json()
    assert "lisible" in state["error"]
    assert state["read_at"] is not None
    await practice.later(b"", 22, status=500)
    assert "500" in (await practice.client.get(practice.path)).json()["error"]
    assert await practice.absences() == [2]
    await practice.later(busy(3), 40)
    assert (await practice.client.get(practice.path)).json()["error"] == ""
    assert await practice.absences() == [3]


async def test_a_server_that_is_gone_keeps_the_last_good_state_and_says_so(practice: Practice) -> None:
    await practice.follow(busy(2))
    assert (await practice.client.put(practice.path, json={"url": "http://127.0.0.1:1/agenda.ics"})).status_code == 204
    assert await practice.agendas.turn()
    assert "ne répond pas" in (await practice.client.get(practice.path)).json()["error"]
    assert await practice.absences() == [2]


async def test_an_absence_of_their_own_words_is_left_alone(practice: Practice) -> None:
    at = MORNING + timedelta(hours=10)
    own = {"practitioner_id": str(practice.territory.practitioners[0]), "starts_at": at.isoformat()}
    await practice.client.post("/absences", json={**own, "ends_at": (at + timedelta(hours=1)).isoformat()})
    await practice.follow(busy(2))
    assert (await practice.client.delete(practice.path)).status_code == 204
    assert await practice.absences() == [10]


async def test_nobody_gives_an_agenda_to_a_colleague(practice: Practice) -> None:
    other = f"/practitioners/{practice.territory.practitioners[1]}/agenda"
    assert (await practice.client.put(other, json={"url": practice.url})).status_code == 403
    assert (await practice.client.post(f"{other}/address")).status_code == 403


async def test_an_unknown_practitioner_is_refused_in_words(practice: Practice) -> None:
    machine = await practice.service.machine(cpts=["990000001"])
    unknown = "/practitioners/01a2005a-0000-7000-8000-000000000000/agenda"
    assert (await machine.put(unknown, json={"url": practice.url})).status_code == 403
    assert (await machine.post(f"{unknown}/address")).status_code == 403
    assert (await machine.get(unknown)).status_code == 404
    assert (await machine.delete(unknown)).status_code == 204


async def test_the_offered_agenda_opens_with_its_secret_alone(practice: Practice) -> None:
    slot = await a_slot(practice.client, practice.territory)
    first = (await practice.client.post(f"{practice.path}/address")).json()["url"]
    async with practice.service.anyone() as anyone:
        path = f"/agenda/{first.rpartition('/')[2]}"
        answer = await anyone.get(path)
        assert slot["id"] in answer.text
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        again = await anyone.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
        await practice.client.post(f"{practice.path}/address")
        assert (await anyone.get(path)).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "http://exemple.invalid/a.ics",
        "https://127.0.0.1/a.ics",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[/",
        "https://a..b/",
        "https://" + "a" * 300 + ".invalid/",
        "https://\x00/",
        "file:///etc",
        "https:///x",
    ],
)
async def test_in_service_an_address_inside_our_network_is_refused(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        await require_public(url, demo=False)


async def test_an_agenda_is_answered_to_head_and_not_again_to_who_has_it(practice: Practice) -> None:
    url = (await practice.client.post(f"{practice.path}/address")).json()["url"]
    path = url.split("/availability", 1)[1]
    async with practice.service.anyone() as anyone:
        got, head = await anyone.get(path), await anyone.head(path)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", got.headers["etag"])
        tag = got.headers["etag"]
        for shown in (tag, f"W/{tag}", f'"x", {tag}', f'"x",W/{tag}', "*"):
            assert (await anyone.get(path, headers={"if-none-match": shown})).status_code == 304, shown
        for other in ('"x"', tag.strip('"'), f'"{tag}'):
            assert (await anyone.get(path, headers={"if-none-match": other})).status_code == 200, other


async def test_an_offset_whose_plus_was_not_encoded_is_understood(practice: Practice) -> None:
    window = "from=2026-11-24T00:00:00+01:00&to=2026-11-25T00:00:00+0100"
    answer = await practice.client.get(f"/slots?cpts={CPTS}&{window}")
    assert answer.status_code == 200, answer.text


async def test_what_no_key_opens_is_read_anew_or_said_and_stops_no_other_agenda(practice: Practice) -> None:
    await practice.follow(busy(2))
    person = str(practice.territory.practitioners[0])
    lost = Vault({"lost": b"k" * 32}).seal({"times": ""}, cpts_id="", row_id=person)

    async def lose(column: str, minutes: int) -> None:
        async with owner(practice.service.settings) as session:
            change = text(f"update availability.agenda_feed set {column} = :lost, unrolled_at = :past")
            await run(session, change, lost=lost, past=MORNING - timedelta(days=1))
        await practice.later(busy(2), minutes)

    await lose("kept_sealed", 6)
    assert practice.publisher.asked[-1] == ""
    state = (await practice.client.get(practice.path)).json()
    assert (state["error"], await practice.absences()) == ("", [2])
    await lose("kept_sealed = :lost, address_sealed", 18)
    state = (await practice.client.get(practice.path)).json()
    assert "clé" in state["error"]
