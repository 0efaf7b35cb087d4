"""One's way in: a link that serves once, a password nobody else knows, a second factor, recovery codes, sessions."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pyotp
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.availability.main import build
from services.availability.web.pages import PART
from services.matching.web.pages import PART as MATCHING
from services.people.notices.mail import MailSettings
from shared.auth import Role, caller_of_session
from shared.db import run
from shared.http import COOKIE
from shared.http.parts import give_parts
from shared.settings import Settings
from shared.web.site import site
from shared.wiring import running, wire
from tests.builders import CPTS, MORNING, NEIGHBOUR, Territory, a_person, a_territory, owner, show

PASSWORD = "quatre mots sans lien"
INVITED = {"label": "Personne d'essai", "email": "personne@exemple.invalid", "role": "coordinator"}


@dataclass
class House:
    """The site and the availability service on one origin, without a mail server."""

    settings: Settings
    app: FastAPI
    territory: Territory

    def client(self, token: str = "") -> httpx.AsyncClient:
        cookies = {COOKIE: token} if token else {}
        headers = {"origin": self.settings.public_url, "user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
        headers["accept"] = "application/json"
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(
            transport=transport, base_url=self.settings.public_url, cookies=cookies, headers=headers
        )

    async def admin(self, **more: Any) -> httpx.AsyncClient:
        return self.client(await a_person(self.settings, Role.ADMIN, **more))

    async def account_of(self, token: str) -> str:
        async with owner(self.settings) as session:
            return (await caller_of_session(session, token)).id


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    await show(settings, MORNING)
    territory = await a_territory(settings)
    service = build(settings, sweeps=False)
    async with running(wire("availability", settings)) as wiring, running(wire("matching", settings)) as matching:
        app = FastAPI()
        pages = site({"availability": wiring, "matching": matching}, [PART, MATCHING])
        for one in (service, pages):
            give_parts(one, MailSettings(host=""))
        app.mount("/availability", service)
        app.mount("/", pages)
        async with service.router.lifespan_context(service):
            yield House(settings, app, territory)


def now_of(uri: str, *, later: int = 0) -> str:
    totp = pyotp.parse_uri(uri)
    assert isinstance(totp, pyotp.TOTP)
    return totp.at(datetime.now(UTC) + timedelta(seconds=30 * later))  # noqa: TID251  the clock of a phone


async def set_up(client: httpx.AsyncClient, link: str, password: str = PASSWORD) -> tuple[str, list[str]]:
    """Follow a link to its end: the second factor's URI, and the recovery codes."""
    token = link.partition("#")[2]
    opened = (await client.post("/availability/account/setup/look", json={"token": token})).json()
    assert "<svg" in opened["qr"]
    body = {"token": token, "password": password, "code": now_of(opened["totp_uri"])}
    done = await client.post("/availability/account/setup", json=body)
    assert done.status_code == 201, done.text
    return opened["totp_uri"], done.json()["recovery_codes"]


async def enter(client: httpx.AsyncClient, **second: str) -> int:
    given = {"email": INVITED["email"], "password": PASSWORD, **second}
    return (await client.post("/availability/session", json=given)).status_code


@pytest.mark.parametrize("role", ["coordinator", "practitioner", "delegate", "pharmacist", "regulator", "committee"])
async def test_whoever_is_invited_chooses_their_own_way_in_and_nobody_else_knows_it(house: House, role: str) -> None:
    own = {"practitioner_id": str(house.territory.practitioners[0])} if role in ("practitioner", "delegate") else {}
    async with await house.admin() as admin, house.client() as invited:
        answer = await admin.post("/admin/members", json={**INVITED, "role": role, **own})
        assert answer.status_code == 201, answer.text
        assert set(answer.json()) == {"sent", "link"}
        uri, codes = await set_up(invited, answer.json()["link"])
        assert await enter(invited, totp=now_of(uri, later=1)) == 201
        me = (await invited.get("/availability/session")).json()
        assert (me["role"], me["cpts"]) == (role, [CPTS])
        assert len(set(codes)) == 10
        spent = await invited.post("/availability/account/setup/look", json={"token": answer.json()["link"][-43:]})
        assert (spent.status_code, spent.json()["code"]) == (422, "link_spent")


async def test_a_recovery_code_stands_once_for_a_lost_second_factor(house: House) -> None:
    async with await house.admin() as admin, house.client() as person:
        link = (await admin.post("/admin/members", json=INVITED)).json()["link"]
        _, codes = await set_up(person, link)
        assert await enter(person, recovery=codes[0].replace("-", " ")) == 401
        assert await enter(person, recovery=codes[0]) == 201
        assert await enter(person, recovery=codes[0]) == 401


@pytest.mark.parametrize(("password", "code"), [("court", None), ("personne1234", None), (PASSWORD, "000000")])
async def test_a_weak_password_or_a_wrong_code_leaves_the_link_to_be_used(
    house: House, password: str, code: str | None
) -> None:
    async with await house.admin() as admin, house.client() as person:
        link = (await admin.post("/admin/members", json=INVITED)).json()["link"]
        token = link.partition("#")[2]
        opened = (await person.post("/availability/account/setup/look", json={"token": token})).json()
        body = {"token": token, "password": password, "code": code or now_of(opened["totp_uri"])}
        assert (await person.post("/availability/account/setup", json=body)).status_code == 422
        await set_up(person, link)


async def test_a_reset_changes_nothing_before_it_is_used_then_ends_every_session_and_leaves_a_row(house: House) -> None:
    async with await house.admin() as admin, house.client() as person:
        invited = (await admin.post("/admin/members", json=INVITED)).json()
        uri, _ = await set_up(person, invited["link"])
        assert await enter(person, totp=now_of(uri, later=1)) == 201
        async with owner(house.settings) as session:
            query = text("select id from common.account where email = :email")
            account: UUID = (await run(session, query, email=INVITED["email"])).scalar_one()
        link = (await admin.post(f"/admin/members/{account}/link")).json()["link"]
        assert (await person.get("/availability/session")).status_code == 200
        await set_up(person, link, "une tout autre phrase")
        assert (await person.get("/availability/session")).status_code == 401
        async with owner(house.settings) as session:
            query = text("select action from common.access_log where object_id = :id order by id")
            actions = list((await run(session, query, id=str(account))).scalars())
    assert actions == ["invite", "set_up", "reset_asked", "set_up"]


async def test_asking_for_a_link_says_the_same_whether_somebody_has_the_address_or_not(house: House) -> None:
    async with house.client() as anyone:
        answers = [
            await anyone.post("/availability/account/forgotten", json={"email": email})
            for email in ("personne@exemple.invalid", "inconnu@exemple.invalid")
        ]
    assert [(each.status_code, each.text) for each in answers] == [(202, "null")] * 2


async def test_ones_sessions_are_listed_and_ended(house: House) -> None:
    token = await a_person(house.settings, Role.COORDINATOR)
    async with house.client(token) as person:
        (only,) = (await person.get("/availability/account/sessions")).json()
        assert (only["current"], only["role"]) == (True, "coordinator")
        stranger = await a_person(house.settings, Role.COORDINATOR)
        async with house.client(stranger) as other:
            assert (await other.delete(f"/availability/account/sessions/{only['id']}")).status_code == 404
        assert (await person.delete(f"/availability/account/sessions/{only['id']}")).status_code == 204
        assert (await person.get("/availability/session")).status_code == 401


async def test_a_session_ends_when_nothing_comes_from_it(house: House) -> None:
    token = await a_person(house.settings, Role.COORDINATOR)
    async with owner(house.settings) as session:
        await run(session, text("update common.session set seen_at = clock_timestamp() - interval '5 hours'"))
    async with house.client(token) as person:
        assert (await person.get("/availability/session")).status_code == 401


async def test_a_role_that_was_taken_can_be_given_back(house: House) -> None:
    token = await a_person(house.settings, Role.COORDINATOR)
    account = await house.account_of(token)
    async with await house.admin() as admin:
        page = (await admin.get("/admin")).text
        grant = page.split(f'data-account="{account}"')[0].rpartition('data-grant="')[2].partition('"')[0]
        taken = await admin.delete(f"/admin/roles/{grant}")
        assert taken.json() == {"account": account, "role": "coordinator", "practitioner_id": None}
        async with house.client(token) as person:
            assert (await person.get("/availability/session")).status_code == 401
        assert f'<option value="{account}">' in (await admin.get("/admin")).text
        assert (await admin.post(f"/admin/members/{account}/roles", json={"role": "coordinator"})).status_code == 201


async def test_an_admin_gives_themself_nothing_and_closes_no_account_of_another_cpts(house: House) -> None:
    await a_territory(house.settings, NEIGHBOUR)
    shared = await house.account_of(await a_person(house.settings, Role.COORDINATOR, cpts=(CPTS, NEIGHBOUR)))
    token = await a_person(house.settings, Role.ADMIN)
    me = await house.account_of(token)
    async with house.client(token) as admin:
        own = await admin.post(f"/admin/members/{me}/roles", json={"role": "coordinator"})
        assert own.status_code == 403, own.text
        assert own.json()["code"] == "own_roles"
        closed = await admin.post(f"/admin/members/{shared}/suspension")
        assert (closed.status_code, closed.json()["code"]) == (403, "elsewhere_too")
        for role, own_practitioner in (("practitioner", None), ("coordinator", house.territory.practitioners[0])):
            body = {**INVITED, "role": role, "practitioner_id": own_practitioner and str(own_practitioner)}
            assert (await admin.post("/admin/members", json=body)).status_code == 422
        for wrong in ({"label": "   "}, {"email": "a@b"}, {"label": "a\u200b\x00"}):
            assert (await admin.post("/admin/members", json={**INVITED, **wrong})).status_code == 422, wrong
