"""Signing in with Pro Santé Connect, against a certified OpenID provider in its own process."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.availability.interop.sas.accounts import create_regulator
from services.availability.interop.sas.api import agenda
from services.availability.interop.sas.regulators import RegulatorValue
from services.availability.interop.sas.settings import SasSettings
from services.installation.pages import STANDING
from services.people.psc.api import build_psc
from services.people.psc.identity import parse_identity
from services.people.psc.oidc import SignInRefused
from services.people.psc.provider import KnownProvider
from services.people.psc.settings import PscSettings
from shared.auth import Caller, Role, caller_of_session
from shared.http import COOKIE
from tests.builders import CPTS, a_person, a_territory
from tests.integration.psc.conftest import PUBLIC, Door

pytestmark = pytest.mark.node


async def caller(door: Door, browser: httpx.AsyncClient) -> Caller:
    """Who the browser's session belongs to."""
    async with door.wiring.open_session() as session:
        return await caller_of_session(session, browser.cookies[COOKIE])


async def enter(door: Door, browser: httpx.AsyncClient, who: str, acr: str = "eidas1") -> httpx.Response:
    await door.psc.sign_in_next(who, acr)
    return await browser.get("/psc/", params={"suite": "/connexion"})


async def test_a_doctor_of_a_cpts_enters_with_their_own_slots(door: Door) -> None:
    territory = await a_territory(door.wiring.settings)
    async with door.browser() as browser:
        answer = await enter(door, browser, "doctor")
        assert str(answer.url) == f"{PUBLIC}/connexion"
        who = await caller(door, browser)
    assert (who.role, who.cpts) == (Role.PRACTITIONER, frozenset({CPTS}))
    assert who.practitioners == frozenset({str(territory.practitioners[0])})


async def test_entering_twice_is_the_same_account(door: Door) -> None:
    await a_territory(door.wiring.settings)
    ids = set()
    for _ in range(2):
        async with door.browser() as browser:
            await enter(door, browser, "doctor")
            ids.add((await caller(door, browser)).id)
    assert len(ids) == 1


async def test_a_regulator_sent_by_the_sas_lands_on_the_booking_page(door: Door) -> None:
    await a_territory(door.wiring.settings)
    account = RegulatorValue("Essai", "Une", "r@exemple.invalid", True, national_id="3456780581/11242343")
    async with door.wiring.open_session() as session:
        account_id = await create_regulator(session, account)
    await door.psc.sign_in_next("regulator")
    # What the SAS opens: the slot's `comment`, to which it adds its parameter.
    address = f"{agenda(SasSettings(), PUBLIC).of('99001000000')}&origin=sas"
    assert address == f"{PUBLIC}/orienter?praticien=99001000000&origin=sas"
    async with door.browser() as browser:
        answer = await browser.get(address)
        assert (answer.status_code, str(answer.url)) == (200, address)
        assert "Orienter un patient" in answer.text
        who = await caller(door, browser)
    assert (who.id, who.role) == (str(account_id), Role.REGULATOR)


async def test_who_has_several_activities_chooses_one(door: Door) -> None:
    await a_territory(door.wiring.settings)
    async with door.wiring.open_session() as session:
        account = RegulatorValue("Essai", "Deux", "d@exemple.invalid", True, national_id="899001000001")
        await create_regulator(session, account)
    async with door.browser() as browser:
        page = await enter(door, browser, "both")
        assert page.status_code == 200
        assert COOKIE not in browser.cookies
        assert page.text.count('type="radio"') == 2
        assert "Cabinet fictif" in page.text
        refused = await browser.post("/psc/choix", data={"choice": "9"}, headers={"origin": PUBLIC})
        assert refused.status_code == 403
        elsewhere = await browser.post("/psc/choix", data={"choice": "0"}, headers={"origin": "https://evil.invalid"})
        assert elsewhere.status_code == 403
        await browser.post("/psc/choix", data={"choice": "1"}, headers={"origin": PUBLIC})
        assert (await caller(door, browser)).role == Role.REGULATOR


@pytest.mark.parametrize(("who", "acr"), [("stranger", "eidas1"), ("nobody", "eidas1"), ("doctor", "eidas0")])
async def test_who_has_no_place_here_or_a_weak_card_stays_outside(door: Door, who: str, acr: str) -> None:
    await a_territory(door.wiring.settings)
    async with door.browser() as browser:
        answer = await enter(door, browser, who, acr)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert COOKIE not in browser.cookies


async def test_a_stronger_card_is_enough(door: Door) -> None:
    await a_territory(door.wiring.settings)
    async with door.browser() as browser:
        await enter(door, browser, "doctor", "eidas3")
        assert (await caller(door, browser)).role == Role.PRACTITIONER


async def returned(door: Door, browser: httpx.AsyncClient, who: str) -> str:
    """The address that the provider sends the browser back to, not yet visited."""
    return await brought_back(door, browser, await browser.get("/psc/", follow_redirects=False), who)


async def brought_back(door: Door, browser: httpx.AsyncClient, answer: httpx.Response, who: str) -> str:
    """The same, of a sign-in that has begun."""
    await door.psc.sign_in_next(who)
    while not (address := answer.headers["location"]).startswith(f"{PUBLIC}/psc/retour"):
        answer = await browser.get(httpx.URL(answer.url).join(address), follow_redirects=False)
    return str(address)


@pytest.mark.parametrize("change", ["state", "code", "iss"])
async def test_what_comes_back_changed_is_refused(door: Door, change: str) -> None:
    await a_territory(door.wiring.settings)
    async with door.browser() as browser:
        address = httpx.URL(await returned(door, browser, "doctor"))
        answer = await browser.get(address.copy_set_param(change, "changed"))
        assert answer.status_code == 403
        assert COOKIE not in browser.cookies


async def test_an_answer_meant_for_another_browser_is_refused(door: Door) -> None:
    await a_territory(door.wiring.settings)
    async with door.browser() as victim, door.browser() as thief:
        address = await returned(door, victim, "doctor")
        assert (await thief.get(address)).status_code == 403
        await returned(door, thief, "doctor")
        own_state = parse_qs(urlsplit(address).query)
        assert (await thief.get("/psc/retour", params={"code": own_state["code"][0], "state": "x"})).status_code == 403


async def test_the_same_answer_twice_opens_one_session(door: Door) -> None:
    await a_territory(door.wiring.settings)
    async with door.browser() as browser:
        address = await returned(door, browser, "doctor")
        cookies = httpx.Cookies(browser.cookies)
        await browser.get(address)
        async with door.browser(cookies=cookies) as again:
            assert (await again.get(address)).status_code == 403


async def test_going_out_ends_both_sessions(door: Door) -> None:
    await a_territory(door.wiring.settings)
    async with door.browser() as browser:
        await enter(door, browser, "doctor")
        token = browser.cookies[COOKIE]
        answer = await browser.post("/psc/sortie", headers={"origin": PUBLIC}, follow_redirects=False)
        way_out = urlsplit(answer.headers["location"])
        assert f"{way_out.scheme}://{way_out.netloc}" == door.psc.url
        assert parse_qs(way_out.query)["id_token_hint"]
        assert (await browser.get(answer.headers["location"])).status_code == 200
    async with door.browser(cookies={COOKIE: token}) as browser:
        assert (await browser.get("/creneaux", follow_redirects=False)).headers["location"].startswith("/connexion")


async def test_nobody_is_sent_to_another_site_afterwards(door: Door) -> None:
    await a_territory(door.wiring.settings)
    await door.psc.sign_in_next("doctor")
    async with door.browser() as browser:
        answer = await browser.get("/psc/", params={"suite": "//evil.invalid/"})
        assert str(answer.url).startswith(PUBLIC)


@pytest.mark.parametrize(("discovery", "status"), [("", 404), ("http://127.0.0.1:1/x", 503)])
async def test_without_a_provider_the_answer_says_so(door: Door, discovery: str, status: int) -> None:
    provider = KnownProvider(PscSettings(discovery_url=discovery))
    app = build_psc(door.wiring, provider, STANDING)
    async with provider.http, httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PUBLIC) as client:
        assert (await client.get("/")).status_code == status


@pytest.mark.reference
@pytest.mark.parametrize(
    ("name", "activities"), [("userinfo-medecin-5-activites.json", 5), ("userinfo-eimis-test.json", None)]
)
def test_the_official_answers_are_read(reference: Path, name: str, activities: int | None) -> None:
    identity = parse_identity(json.loads((reference / "psc" / name).read_text("utf-8")))
    assert identity.national_id
    assert identity.family
    assert activities is None or len(identity.activities) == activities
    assert all(activity.profession for activity in identity.activities)


@pytest.mark.parametrize("answer", [{}, {"SubjectNameID": ""}, {"SubjectNameID": 8}, {"SubjectRefPro": []}])
def test_an_answer_without_an_identity_is_refused(answer: dict[str, object]) -> None:
    with pytest.raises(SignInRefused):
        parse_identity(answer)


HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


async def test_the_way_in_by_card_is_on_the_sign_in_page_and_in_the_dialog_of_an_ended_session(door: Door) -> None:
    await a_territory(door.wiring.settings)
    async with door.browser() as browser:
        entrance = await browser.get("/creneaux")
        assert 'href="/psc/?suite=/creneaux"' in entrance.text
        await enter(door, browser, "doctor")
        inside = (await browser.get("/creneaux")).text
        assert 'href="/psc/?suite=/creneaux"' in inside
        assert '"nationalSignIn":true' in inside


async def test_what_goes_wrong_is_said_on_a_page_to_a_person(door: Door) -> None:
    await a_territory(door.wiring.settings)
    async with door.browser(headers=HTML) as browser:
        begun = await browser.get("/psc/", follow_redirects=False)
        state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
        answers = [
            await browser.get("/psc/retour", params={"error": "access_denied", "state": state}),
            await browser.get("/psc/retour"),
            await browser.get("/psc/nulle-part"),
            await browser.get("/psc/", params={"suite": "x" * 900}),
        ]
        assert [answer.status_code for answer in answers] == [403, 403, 404, 422]
        for answer in answers:
            assert answer.headers["content-type"].startswith("text/html")
            assert 'href="/connexion"' in answer.text
            assert answer.headers["cache-control"] == "no-store"
            assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_either_of_two_tabs_may_come_back(door: Door) -> None:
    await a_territory(door.wiring.settings)
    async with door.browser() as browser:
        begun = [await browser.get("/psc/", follow_redirects=False) for _ in range(2)]
        for answer in begun:
            # The provider lets one in after the other, as one person types.
            back = httpx.URL(await brought_back(door, browser, answer, "doctor"))
            assert (await browser.get(back, follow_redirects=False)).status_code == 303
        assert (await caller(door, browser)).role == Role.PRACTITIONER


async def test_a_choice_of_activity_serves_once(door: Door) -> None:
    await a_territory(door.wiring.settings)
    async with door.wiring.open_session() as session:
        account = RegulatorValue("Essai", "Deux", "d@exemple.invalid", True, national_id="899001000001")
        await create_regulator(session, account)
    async with door.browser() as browser:
        await enter(door, browser, "both")
        kept = httpx.Cookies(browser.cookies)
        chosen = {"data": {"choice": "1"}, "headers": {"origin": PUBLIC}}
        assert (await browser.post("/psc/choix", follow_redirects=False, **chosen)).status_code == 303  # type: ignore[arg-type]
        async with door.browser(cookies=kept) as again:
            assert (await again.post("/psc/choix", **chosen)).status_code == 403  # type: ignore[arg-type]


async def test_a_new_sign_in_ends_the_former_one_of_the_same_browser(door: Door) -> None:
    await a_territory(door.wiring.settings)
    async with door.browser() as browser:
        await enter(door, browser, "doctor")
        former = browser.cookies[COOKIE]
        await enter(door, browser, "doctor")
        assert browser.cookies[COOKIE] != former
    async with door.browser(cookies={COOKIE: former}) as stale:
        assert (await stale.get("/creneaux", follow_redirects=False)).status_code == 303


async def test_who_came_by_password_leaves_without_the_provider(door: Door) -> None:
    territory = await a_territory(door.wiring.settings)
    token = await a_person(door.wiring.settings, Role.PRACTITIONER, practitioners=(territory.practitioners[0],))
    async with door.browser(cookies={COOKIE: token}) as browser:
        asked = {"origin": PUBLIC, "accept": "application/json"}
        answer = await browser.post("/psc/sortie", headers=asked, follow_redirects=False)
    assert answer.json() == {"url": f"{PUBLIC}/connexion"}
