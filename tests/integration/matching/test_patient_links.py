"""What a patient does by a link: opened by the year of birth only, told by SMS, cancelled, never guessed."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import text

from services.matching.patients import store
from services.matching.patients.gateway import SmsSettings
from services.matching.patients.opening import EVERYWHERE, LinkClosed, hash_secret, open_link
from services.matching.patients.sending import PatientSender
from services.people.notices.mail import MailSettings
from shared.auth import Role
from shared.db import run, set_scope
from shared.http.parts import give_parts, read_parts
from shared.patients.vault import Vault
from shared.wiring import Wiring
from tests.builders import CPTS, MORNING, owner, show
from tests.serving import serving
from tests.towns import Person, Town, a_request, until

PATIENT = {"name": "ESSAI Fictive", "phone": "06 12 34 56 78", "birth_date": "1960-05-04"}


@dataclass
class Gateway:
    """A gateway that keeps what it was given, once per key, and answers as it is told: a status, or never in time."""

    url: str = ""
    answers: list[int | None] = field(default_factory=list)
    given: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0

    def links(self) -> list[str]:
        """The secrets of the links that were sent, in order."""
        return [re.findall(r"/patient#(\S+)", each["text"])[0] for each in self.given.values()]


@asynccontextmanager
async def a_gateway() -> AsyncIterator[Gateway]:
    app, gateway = FastAPI(), Gateway()

    @app.post("/send")
    async def send(request: Request) -> Response:
        gateway.asked += 1
        answer = gateway.answers.pop(0) if gateway.answers else 202
        if answer is None or answer < 400:
            gateway.given.setdefault(request.headers["idempotency-key"], await request.json())
        if answer is None:
            await asyncio.sleep(1)
        return Response(status_code=answer or 202)

    async with serving(app) as url:
        gateway.url = f"{url}/send"
        yield gateway


@dataclass
class Desk:
    """Who asks, a gateway, and what sends to it."""

    town: Town
    asker: Person
    gateway: Gateway
    sender: PatientSender

    async def confirmed(self, hours: float = 2) -> dict[str, Any]:
        """A request with an appointment in so many hours."""
        slot = await self.town.slot(hours=hours)
        body = a_request(motive="fever_adult", patient=PATIENT, hold={"slot_id": slot["id"]})
        held = (await self.asker.client.post("/requests", json=body)).json()
        answer = await self.asker.client.post(f"/requests/{held['id']}/confirmation", json={})
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def tell(self, request: dict[str, Any]) -> str:
        """The secret of the link that the patient gets by SMS at once."""
        answer = await self.asker.client.put(f"/requests/{request['id']}/patient-contact", json={"channel": "sms"})
        assert answer.status_code == 200, answer.text
        await self.sender.turn()
        return self.gateway.links()[-1]

    async def states(self, request: dict[str, Any]) -> list[tuple[str, str]]:
        """What became of its messages."""
        found = (await self.asker.client.get(f"/requests/{request['id']}/patient-contact")).json()
        return [(each["kind"], each["state"]) for each in found["messages"]]


@pytest.fixture
async def desk(town: Town) -> AsyncIterator[Desk]:
    """A pharmacist whose territory sends SMS."""
    async with a_gateway() as gateway, httpx.AsyncClient(timeout=0.5) as client:
        sms = SmsSettings(url=gateway.url)
        give_parts(town.matching, sms)
        sender = PatientSender(read_parts(town.matching)[Wiring], client, sms, MailSettings(), lease=timedelta())
        yield Desk(town, await town.person(Role.PHARMACIST), gateway, sender)


async def test_an_appointment_is_seen_with_the_year_only_and_cancelled_for_who_waits(desk: Desk) -> None:
    request = await desk.confirmed()
    waits = (await desk.asker.client.post("/requests", json=a_request(urgency=2, board=True))).json()
    secret = await desk.tell(request)
    [sms] = desk.gateway.given.values()
    assert sms["to"] == "+33612345678"
    assert not re.search("ESSAI|Fictive|fièvre|1960|Cabinet", sms["text"], re.IGNORECASE)
    anyone = httpx.AsyncClient(base_url=str(desk.asker.client.base_url))
    async with anyone:
        wrong = await anyone.post("/patient/link", json={"secret": secret, "year": 1961})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "link_closed")
        known = {"secret": secret, "year": 1960}
        seen = (await anyone.post("/patient/link", json=known)).json()
        assert (seen["stands"], seen["meeting"]["place"]) == ("appointment", "Cabinet 0")
        assert seen["starts_at"].endswith("+01:00")
        assert "ESSAI Fictive" not in str(seen)
        late = await anyone.post("/patient/act", json={**known, "act": "late", "minutes": 15})
        assert late.json()["late_minutes"] == 15
        gone = await anyone.post("/patient/act", json={**known, "act": "cancel", "reason": "patient_better"})
        assert (gone.status_code, gone.json()["stands"]) == (200, "over")
        # Said twice, or late: nothing more happens, and it says so.
        again = await anyone.post("/patient/act", json={**known, "act": "cancel"})
        assert (again.status_code, again.json()["code"]) == (409, "link_over")
    served = await until(desk.asker.client, waits["id"], "proposed", "held", "confirmed")
    assert served["slot_id"] == request["slot_id"]
    ended = (await desk.asker.client.get(f"/requests/{request['id']}")).json()
    assert (ended["state"], ended["reason"]) == ("cancelled", "patient_better")
    assert ended["told_at"] is not None
    async with owner(desk.town.settings) as session:
        await run(session, text("set local aiguillage.cpts = '*'"))
        traced = text("select action from common.access_log where account like 'patient:%' order by at")
        actions = list((await run(session, traced)).scalars())
    assert {"open_link", "link_refused"} <= set(actions)


async def test_each_message_renews_the_link_three_at_most_and_none_once_stopped(desk: Desk) -> None:
    request = await desk.confirmed()
    links = [await desk.tell(request) for _ in range(3)]
    assert len(set(links)) == 3
    refused = await desk.asker.client.put(f"/requests/{request['id']}/patient-contact", json={"channel": "sms"})
    await desk.sender.turn()
    assert (refused.json()["left"], len(desk.gateway.given)) == (0, 3)
    wiring = read_parts(desk.town.matching)[Wiring]
    for old in links[:2]:
        with pytest.raises(LinkClosed):
            await open_link(wiring.open_session, wiring.vault, old, 1960)
    assert (await open_link(wiring.open_session, wiring.vault, links[2], 1960)).purpose == "appointment"
    await desk.town.slot(1, hours=3)
    waiting = (await desk.asker.client.post("/requests", json=a_request(patient=PATIENT, board=True))).json()
    await desk.asker.client.put(f"/requests/{waiting['id']}/patient-contact", json={"channel": "sms"})
    await desk.asker.client.post("/patient/stop", json={"secret": "x" * 22})
    await desk.sender.turn()
    told = len(desk.gateway.given)
    stopped = await desk.asker.client.post("/patient/stop", json={"secret": desk.gateway.links()[-1]})
    assert stopped.status_code == 204
    await until(desk.asker.client, waiting["id"], "confirmed", "held", "proposed")
    await desk.sender.turn()
    assert len(desk.gateway.given) == told


async def test_a_gateway_refused_slow_or_down_loses_nothing_and_sends_nothing_twice(desk: Desk) -> None:
    request = await desk.confirmed()
    where = f"/requests/{request['id']}/patient-contact"
    # Away, then too slow to answer what it took, then well: one message, under one key.
    desk.gateway.answers = [503, None]
    await desk.asker.client.put(where, json={"channel": "sms"})
    for minutes in (0, 2, 10):
        await show(desk.town.settings, MORNING + timedelta(minutes=minutes))
        await desk.sender.turn()
    assert (desk.gateway.asked, len(desk.gateway.given)) == (3, 1)
    assert await desk.states(request) == [("appointment", "sent")]
    # Refused for good: it is said to who asked, and not tried again.
    desk.gateway.answers = [400]
    await desk.asker.client.put(where, json={"channel": "sms"})
    await desk.sender.turn()
    await show(desk.town.settings, MORNING + timedelta(minutes=20))
    await desk.sender.turn()
    assert (desk.gateway.asked, await desk.states(request)) == (4, [("appointment", "sent"), ("appointment", "failed")])
    # A gateway that does not know repetitions: an answer that was lost is not asked again.
    desk.sender._sms = SmsSettings(url=desk.gateway.url, idempotent=False)
    desk.gateway.answers = [None]
    await desk.asker.client.put(where, json={"channel": "sms"})
    await desk.sender.turn()
    await show(desk.town.settings, MORNING + timedelta(minutes=40))
    await desk.sender.turn()
    assert (desk.gateway.asked, (await desk.states(request))[-1]) == (5, ("appointment", "unknown"))


async def test_who_waits_follows_their_request_and_says_when_they_found_somebody(desk: Desk) -> None:
    body = a_request(motive="sprain", patient=PATIENT, board=True)
    request = (await desk.asker.client.post("/requests", json=body)).json()
    secret = await desk.tell(request)
    known = {"secret": secret, "year": 1960}
    client = desk.asker.client
    seen = (await client.post("/patient/link", json=known)).json()
    assert (seen["stands"], seen["purpose"]) == ("waiting", "followup")
    assert seen["search_until"] is not None
    # A link for who waits cancels no appointment.
    assert (await client.post("/patient/act", json={**known, "act": "cancel"})).json()["code"] == "link_over"
    assert (await client.post("/patient/act", json={**known, "act": "worse"})).json()["stands"] == "waiting"
    assert (await client.post("/patient/act", json={**known, "act": "found"})).json()["stands"] == "over"
    story = (await client.get(f"/requests/{request['id']}")).json()
    assert (story["state"], story["reason"]) == ("cancelled", "patient_elsewhere")
    assert "patient_worse" in [change["code"] for change in story["story"]]
    young = (await client.post("/requests", json=a_request())).json()
    no_age = await client.post(f"/requests/{young['id']}/patient-link")
    assert (no_age.status_code, no_age.json()["field"]) == (422, "age")


async def test_ten_thousand_guesses_read_nothing(desk: Desk) -> None:
    request = await desk.confirmed()
    secret = await desk.tell(request)
    wiring = read_parts(desk.town.matching)[Wiring]
    async with wiring.open_session() as session:
        await set_scope(session, EVERYWHERE)
        for _ in range(9_900):
            assert await store.try_link(session, hash_secret(secrets.token_urlsafe(16))) is None

    async def guess(year: int) -> bool:
        try:
            await open_link(wiring.open_session, wiring.vault, secret, year)
        except LinkClosed:
            return False
        return True

    # Who holds the phone tries every year, many at once; after five wrong ones even the right one opens nothing.
    years = [year for year in range(1925, 2026) if year != 1960]
    found = [await asyncio.gather(*(guess(year) for year in years[at : at + 10])) for at in range(0, 100, 10)]
    assert not any(opened for part in found for opened in part)
    assert not await guess(1960)
    answers = [
        (await desk.asker.client.post("/patient/link", json={"secret": secret, "year": 1960})).status_code
        for _ in range(7)
    ]
    assert set(answers) == {403, 429}
    assert await desk.tell(request) != secret


async def _seal_by_a_lost_key(desk: Desk, table: str, column: str, request: dict[str, Any]) -> None:
    """What a restored backup may hold: sealed by a key that is no longer there."""
    async with owner(desk.town.settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        lost = Vault({"lost": b"k" * 32}).seal({"to": "x"}, cpts_id=CPTS, row_id=request["id"])
        change = text(f"update matching.{table} set {column} = :lost where request_id = :id")
        await run(session, change, lost=lost, id=request["id"])


async def test_an_address_that_no_key_opens_stops_no_other_message(desk: Desk) -> None:
    lost, other = await desk.confirmed(), await desk.confirmed(hours=3)
    for request in (lost, other):
        await desk.asker.client.put(f"/requests/{request['id']}/patient-contact", json={"channel": "sms"})
    await _seal_by_a_lost_key(desk, "patient_contact", "to_sealed", lost)
    await desk.sender.turn()
    assert (await desk.states(lost), await desk.states(other)) == ([], [("appointment", "sent")])


async def test_a_message_that_no_key_opens_is_said_to_have_failed_and_stops_no_other(desk: Desk) -> None:
    lost = await desk.confirmed()
    desk.gateway.answers = [503]
    await desk.asker.client.put(f"/requests/{lost['id']}/patient-contact", json={"channel": "sms"})
    await desk.sender.turn()
    await _seal_by_a_lost_key(desk, "patient_message", "sealed", lost)
    other = await desk.confirmed(hours=3)
    await show(desk.town.settings, MORNING + timedelta(minutes=3))
    await desk.tell(other)
    assert (await desk.states(lost), await desk.states(other)) == (
        [("appointment", "failed")],
        [("appointment", "sent")],
    )
