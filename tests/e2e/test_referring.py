"""« Orienter un patient »: what blocks and one click to serve, two tabs, the map, the ticket, who is called back."""

import re
from datetime import timedelta
from typing import Any

import httpx
from playwright.async_api import Browser, Page, expect

from shared.auth import Role
from shared.http import COOKIE
from tests.builders import CPTS, MORNING
from tests.e2e.browser import screen
from tests.e2e.people import describe, hold_first, options
from tests.e2e.town import Town

ON_THE_TICKET = (
    "10:00", "mardi 24 novembre", "Dr Ada EXEMPLE", "Maison médicale de l'Essai", "1 rue de l'Essai, 48000",
    "2e étage, code 12A", "04 66 00 00 00", "Accessible en fauteuil roulant",
)  # fmt: skip
CONFIRM = re.compile("Confirmer")


def call_of(here: Town, token: str) -> httpx.AsyncClient:
    """The same person, without a page."""
    return httpx.AsyncClient(
        base_url=f"{here.url}/matching", cookies={COOKIE: token}, headers={"origin": here.url}, timeout=30
    )


async def forget_everyone(here: Town) -> None:
    """The coordinator settles every request: what comes next competes with nobody."""
    async with here.client(Role.COORDINATOR) as client:
        for each in (await client.get("/matching/requests", params={"cpts": CPTS})).json():
            if each["state"] != "cancelled":
                path = f"/matching/requests/{each['id']}/closure"
                assert (await client.post(path, json={"reason": "other"})).status_code == 200


async def nothing_within_ten_minutes(page: Page) -> None:
    await page.keyboard.press("n")
    await page.get_by_text("Plus de précisions").click()
    await page.get_by_label("Trajet accepté").select_option("10")
    await page.get_by_text("Plus de précisions").click()
    await describe(page, motive="renouv")
    await expect(page.locator("#nothing")).to_contain_text("Aucun créneau ne convient")


async def test_when_nothing_fits_what_blocks_is_said_and_one_click_serves(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60, modes=["VR"])
    await here.publish(5, in_minutes=120)
    token = await here.token(Role.PHARMACIST)
    async with screen(browser, here.url, "/orienter", token) as pharmacy:
        page = pharmacy.page
        held, confirm = page.locator("#held"), page.get_by_role("button", name=CONFIRM)
        await page.evaluate("document.activeElement.blur()")
        await nothing_within_ten_minutes(page)
        await expect(page.locator("#nothing")).to_contain_text("Ce qui bloque :")
        await page.get_by_role("button", name="Accepter la téléconsultation → 10:00 chez Dr Ada EXEMPLE").click()
        await expect(confirm).to_be_focused()
        await expect(held).to_contain_text("10:00 · Dr Ada EXEMPLE")
        await forget_everyone(here)
        await expect(held).to_be_hidden()

        await nothing_within_ten_minutes(page)
        farther = page.get_by_role("button", name=re.compile(r"^\+\d+ min de trajet → 11:00 chez Dr Farid ESSAI$"))
        await farther.click()
        await expect(confirm).to_be_focused()
        await expect(held).to_contain_text("11:00 · Dr Farid ESSAI")
        await forget_everyone(here)
        await expect(held).to_be_hidden()

        await nothing_within_ten_minutes(page)
        await page.get_by_role("button", name="Demander un surnuméraire (1 praticien)").click()
        await expect(page.locator("#mine li")).to_contain_text("1 surnuméraire demandé")
        await expect(page.get_by_label("Où est le patient ?")).to_be_focused()
        await forget_everyone(here)
        await expect(page.locator("#mine li")).to_have_count(0)

        await page.evaluate("document.activeElement.blur()")
        await nothing_within_ten_minutes(page)
        await page.get_by_role("button", name=re.compile(r"^Mettre au tableau, rappel avant .*9:0\d$")).click()
        await expect(page.locator("#mine li")).to_contain_text(re.compile("Cherche un créneau.*à rappeler avant "))


async def test_two_tabs_of_one_person_agree(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60, count=3)
    token = await here.token(Role.PHARMACIST)
    async with (
        screen(browser, here.url, "/orienter", token) as one,
        screen(browser, here.url, "/orienter", token) as other,
    ):
        await describe(one.page, motive="renouv")
        await options(one.page, 3)
        await hold_first(one.page)
        await expect(other.page.locator("#held")).to_contain_text("10:00 · Dr Ada EXEMPLE")
        await one.page.keyboard.press("Enter")
        await expect(one.page.get_by_role("dialog", name="Rendez-vous confirmé")).to_be_visible()
        await expect(other.page.locator("#held")).to_be_hidden()
        await expect(other.page.locator("#mine li")).to_contain_text("Confirmé")
        await expect(other.page.get_by_role("dialog")).to_have_count(0)

        # A form being filled in one tab is left alone by what the other holds.
        await describe(other.page, motive="renouv")
        await options(other.page, 2)
        await one.page.keyboard.press("Enter")
        await describe(one.page, motive="renouv")
        await options(one.page, 2)
        await hold_first(one.page)
        await expect(other.page.locator("#options li").first).to_contain_text("déjà pris")
        await expect(other.page.locator("#mine li", has_text="Réservé")).to_have_count(1)
        await expect(other.page.get_by_label("Pour quoi ?")).to_have_value("Renouvellement d'ordonnance")
        await expect(other.page.get_by_label("Pour quoi ?")).to_be_enabled()
        await expect(other.page.locator("#held")).to_be_hidden()


async def test_the_map_comes_with_the_slots_fits_them_and_has_the_numbers_of_the_list(
    browser: Browser, here: Town
) -> None:
    await here.publish(0, in_minutes=60)
    await here.publish(2, in_minutes=90)
    token = await here.token(Role.PHARMACIST)
    async with screen(browser, here.url, "/orienter", token) as pharmacy:
        page = pharmacy.page
        await expect(page.locator("#waiting")).to_be_visible()
        await expect(page.locator("#map")).to_be_hidden()
        await describe(page, motive="renouv")
        await options(page, 2)
        await expect(page.locator("#map .mark-text:not(.mark-caption)")).to_have_text(["1", "2"])
        circles = page.locator("#map path")
        await expect(circles).to_have_count(3)
        frame = await page.locator("#map").bounding_box()
        assert frame
        for circle in await circles.all():
            box = await circle.bounding_box()
            assert box
            assert frame["x"] < box["x"] < frame["x"] + frame["width"]
            assert frame["y"] < box["y"] < frame["y"] + frame["height"]
        second = page.get_by_role("button", name="2 : Cabinet de Badaroux")
        await second.focus()
        await expect(page.locator("#map .mark-card")).to_have_text("2 : Cabinet de Badaroux")
        await page.keyboard.press("Enter")
        await expect(page.locator("#options button").nth(1)).to_be_focused()


async def test_the_ticket_says_where_when_and_how_to_get_in_without_a_name(browser: Browser, here: Town) -> None:
    (slot,) = await here.publish(0, in_minutes=60)
    token = await here.token(Role.PHARMACIST)
    async with screen(browser, here.url, "/orienter", token) as pharmacy:
        page = pharmacy.page
        await page.get_by_text("Plus de précisions").click()
        await page.get_by_label("Nom du patient").fill("Nom-Fictif")
        await describe(page, motive="renouv")
        await options(page, 1)
        await hold_first(page)
        await page.keyboard.press("Enter")
        ticket = page.get_by_role("dialog", name="Rendez-vous confirmé")
        for said in ON_THE_TICKET:
            await expect(ticket).to_contain_text(said)
        await expect(ticket).not_to_contain_text("Nom-Fictif")
        await page.emulate_media(media="print")
        await expect(ticket.get_by_role("button", name="Imprimer")).to_be_hidden()
        await expect(page.locator(".refer")).to_be_hidden()
        await expect(page.locator("header.top")).to_be_hidden()
        drawn = ticket.locator(".qr")
        await expect(drawn).to_be_visible()
        assert (await drawn.get_attribute("src")) == f"/rdv/{slot['id']}.svg"
    async with screen(browser, here.url, f"/rdv/{slot['id']}") as shown:
        await expect(shown.page.locator("main")).to_contain_text("Maison médicale de l'Essai")
        said = await shown.page.content()
        assert [word for word in ("Nom-Fictif", "Renouvellement", "renewal") if word in said] == []


async def test_who_must_be_called_back_is_listed_until_it_is_done(browser: Browser, here: Town) -> None:
    slots = await here.publish(0, in_minutes=60)
    token = await here.token(Role.PHARMACIST)
    asked: dict[str, Any] = {"insee": "48095", "urgency": 2, "motive": "renewal", "answer_by": MORNING.isoformat()}
    async with screen(browser, here.url, "/orienter", token) as pharmacy, call_of(here, token) as client:
        calls = pharmacy.page.locator("#calls-list li")
        deadline = (MORNING + timedelta(hours=3)).isoformat()
        patient = {"name": "Nom-Fictif", "phone": "06 00 00 00 00"}
        asked |= {"deadline_at": deadline, "patient": patient}
        assert (await client.post("/requests", json=asked)).status_code == 201
        # A round found a slot while nobody was at the counter.
        await expect(calls).to_contain_text("Rendez-vous trouvé : 10:00, Dr Ada EXEMPLE")
        await expect(calls).not_to_contain_text("Nom-Fictif")
        await calls.get_by_role("button", name="Appeler").click()
        number = pharmacy.page.get_by_role("dialog", name="Qui rappeler").get_by_role("link", name="06 00 00 00 00")
        await expect(number).to_have_attribute("href", "tel:0600000000")
        await expect(pharmacy.page.get_by_role("dialog")).to_contain_text("Consultation tracée.")
        await pharmacy.page.get_by_role("dialog").get_by_role("button", name="Fermer").click()
        await calls.get_by_role("button", name="Billet").click()
        await pharmacy.page.get_by_role("dialog").get_by_role("button", name="Fermer").click()
        await calls.get_by_role("button", name="Rappelé").click()
        await expect(pharmacy.page.locator("#calls")).to_be_hidden()
        await expect(pharmacy.page.locator("#mine li")).to_contain_text("Confirmé")
        async with here.client(Role.PRACTITIONER, 0) as doctor:
            path = f"/availability/slots/{slots[0]['id']}/withdrawal"
            assert (await doctor.post(path, json={"reason": "urgence", "booked": "cancel"})).status_code == 200
        await expect(calls).to_contain_text("Rendez-vous annulé par le praticien")
        kept = await pharmacy.page.locator("a[data-list=mine][data-kind=csv]").get_attribute("href")
        assert "Renouvellement d'ordonnance" in await (await pharmacy.page.request.get(f"{here.url}{kept}")).text()


async def test_the_back_button_finds_each_page_as_it_was_and_no_parameter_again(browser: Browser, here: Town) -> None:
    token = await here.token(Role.COORDINATOR)
    async with screen(browser, here.url, "/tension", token) as board:
        page = board.page
        await page.get_by_role("tab", name="Équité").click()
        await page.goto(f"{here.url}/orienter?commune=48095&motif=fever_adult&age=34")
        await expect(page.get_by_label("Où est le patient ?")).to_have_value("Mende")
        await board.live()
        await page.go_back()
        await board.live()
        await expect(page.get_by_role("tab", name="Équité")).to_have_attribute("aria-selected", "true")
        await page.go_forward()
        await board.live()
        assert page.url == f"{here.url}/orienter"
        await expect(page.get_by_label("Où est le patient ?")).to_have_value("")
