"""« Orienter »: keys mean what one sees, a press shows at once, what is typed is neither lost nor sent by another."""

import asyncio
import re

from playwright.async_api import Browser, Route, expect
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import owner
from tests.e2e.browser import PHONE, screen
from tests.e2e.people import describe, hold_first, options
from tests.e2e.test_a_hand_is_obeyed import desk_requests, slow
from tests.e2e.town import Town


async def test_m19_the_next_patient_is_one_press_away_from_a_closed_ticket(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60, count=2)
    token = await here.token(Role.PHARMACIST)
    async with screen(browser, here.url, "/orienter", token, width=PHONE) as pharmacy:
        page = pharmacy.page
        await describe(page)
        await options(page, 2)
        await hold_first(page)
        await page.keyboard.press("Enter")
        await page.get_by_role("dialog").get_by_role("button", name="Fermer").click()
        await page.get_by_role("button", name="Autre patient").click()
        await expect(page.get_by_label("Où est le patient ?")).to_have_value("")
        await expect(page.get_by_label("Où est le patient ?")).to_be_enabled()
        assert [each.state for each in await desk_requests(here)] == ["confirmed"]


async def test_m21_a_digit_in_a_field_or_a_radio_holds_nothing(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60, count=3)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await describe(page)
        await options(page, 3)
        await page.keyboard.press("p")
        await page.keyboard.press("3")
        await expect(page.get_by_label("P3 demain")).to_be_checked()
        await page.get_by_label("Âge").focus()
        await page.keyboard.press("2")
        await page.get_by_text("Plus de précisions").click()
        await page.get_by_label("Accepte la téléconsultation").focus()
        await page.keyboard.press("1")
        await page.get_by_label("Nom du patient").focus()
        await page.keyboard.press("1")
        await expect(page.locator("#options [aria-busy=true]")).to_have_count(0)
        assert await desk_requests(here) == []


async def test_m31_an_old_ticket_over_a_form_leaves_it_as_it_was(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60, count=3)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await describe(page)
        await options(page, 3)
        await hold_first(page)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog", name="Rendez-vous confirmé")).to_be_visible()
        await page.keyboard.press("Enter")
        await describe(page)
        await page.locator("#mine li").get_by_role("button", name="Billet").click()
        await expect(page.get_by_role("dialog", name="Rendez-vous confirmé")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_label("Où est le patient ?")).to_have_value("Mende")
        await expect(page.get_by_label("Pour quoi ?")).to_have_value("Fièvre de l'enfant")


async def test_m32_let_go_then_the_next_patient_at_once_on_a_slow_line(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await describe(page)
        await options(page, 1)
        await hold_first(page)
        await slow(page)
        await page.keyboard.press("Escape")
        await page.keyboard.press("n")
        await page.keyboard.type("mende")
        await expect(page.locator("#pending")).to_be_empty()
        async with asyncio.timeout(30):
            while [each.booking for each in await desk_requests(here)] != ["released"]:
                await asyncio.sleep(0.1)
        await expect(page.get_by_label("Où est le patient ?")).to_have_value("mende")
        await expect(page.get_by_label("Où est le patient ?")).to_be_enabled()


async def test_m33_slots_are_asked_for_again_once_the_server_is_back(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await page.context.set_offline(True)
        await page.route(re.compile("/matching/options"), lambda route: route.abort())
        await page.context.set_offline(False)
        await pharmacy.live()
        await describe(page)
        await expect(page.locator("#waiting")).to_contain_text("redemandés dès le retour du serveur")
        await page.unroute(re.compile("/matching/options"))
        await page.context.set_offline(True)
        await expect(page.locator("#link[data-state=offline]")).to_be_visible()
        await page.context.set_offline(False)
        await options(page, 1)
        pharmacy.faults.clear()


async def test_m34_a_press_shows_at_once_and_says_when_the_server_is_slow(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await describe(page)
        await options(page, 1)
        answered = asyncio.Event()

        async def frozen(route: Route) -> None:
            await answered.wait()
            await route.continue_()

        await page.route(re.compile("/matching/requests"), frozen)
        await page.keyboard.press("1")
        await expect(page.locator("#pending")).to_have_text("Réservation en cours…")
        await expect(page.locator("#pending")).to_contain_text("Le serveur tarde à répondre")
        answered.set()
        await expect(page.get_by_role("button", name="Confirmer")).to_be_focused()
        await expect(page.locator("#pending")).to_be_empty()


async def test_who_comes_may_be_typed_after_a_first_slot_was_given_back(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=120, count=3)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await describe(page)
        await options(page, 3)
        await hold_first(page)
        await page.locator("#held").get_by_role("button", name="Rendre").click()
        await expect(page.locator("#held")).to_be_hidden()
        await page.get_by_text("Plus de précisions").click()
        await page.get_by_label("Nom du patient").fill("FICTIF Essai")
        await page.locator("#options button:not(:disabled)").first.click()
        await expect(page.get_by_role("button", name="Confirmer")).to_be_visible()
        # And what is typed while the slot is held is sent too.
        await page.get_by_label("Téléphone du patient").fill("06 00 00 00 00")
        await page.get_by_role("button", name="Confirmer").click()
        await expect(page.locator("#ticket")).to_be_visible()
    found = [(each.state, each.patient, each.told) for each in await desk_requests(here)]
    assert found == [("cancelled", False, False), ("confirmed", True, True)]


async def test_another_person_who_signs_in_over_the_page_sends_nothing_of_the_first(
    browser: Browser, here: Town
) -> None:
    await here.publish(0, in_minutes=120, count=3)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await describe(page)
        await options(page, 3)
        async with owner(here.settings) as session:
            await run(session, text("delete from common.session"))
        await page.keyboard.press("1")
        await page.locator("#signin [data-role=regulator]").first.click()
        await expect(page.locator(".me summary")).to_have_attribute("aria-label", re.compile("Régulation d'essai"))
        await expect(page.get_by_label("Où est le patient ?")).to_have_value("")
        assert await desk_requests(here) == []
