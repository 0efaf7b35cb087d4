"""A doctor publishes, a pharmacist refers, a coordinator watches: each on their own screen, nobody reloads."""

import re
from datetime import timedelta

from playwright.async_api import Browser, expect

from shared.auth import Role
from tests.builders import MORNING, show
from tests.e2e.browser import PHONE, screen
from tests.e2e.people import describe, hold_first, options, publish
from tests.e2e.town import Town


async def test_three_people_see_each_other_work(browser: Browser, here: Town) -> None:
    tokens = [
        await here.token(Role.PRACTITIONER, 0),
        await here.token(Role.PHARMACIST),
        await here.token(Role.COORDINATOR),
    ]
    async with (
        screen(browser, here.url, "/creneaux", tokens[0], width=PHONE) as doctor,
        screen(browser, here.url, "/orienter", tokens[1]) as pharmacy,
        screen(browser, here.url, "/tension", tokens[2]) as board,
    ):
        free = board.page.locator("[data-figure=free] .figure-value")
        await expect(free).to_have_text("0")
        await publish(doctor)
        await expect(free).to_have_text("3")

        await describe(pharmacy.page)
        await options(pharmacy.page, 3)
        await hold_first(pharmacy.page)
        await expect(doctor.page.locator(".slot .state.wait")).to_have_text("En cours")
        await expect(board.page.locator("#board tr")).to_have_count(1)
        await expect(free).to_have_text("2")

        await pharmacy.page.keyboard.press("Enter")
        ticket = pharmacy.page.get_by_role("dialog", name="Rendez-vous confirmé")
        await expect(ticket).to_contain_text("Dr Ada EXEMPLE")
        await expect(ticket).to_contain_text("Maison médicale de l'Essai")
        await expect(doctor.page.locator(".comer")).to_contain_text("Fièvre de l'enfant")
        await expect(board.page.locator("#board tr")).to_have_count(0)
        await expect(board.page.locator("[data-figure=served] .figure-value")).to_have_text("1 / 1")


async def test_the_ticket_leads_to_a_page_that_says_where_and_when(browser: Browser, here: Town) -> None:
    slot = (await here.publish(0, in_minutes=90))[0]
    async with screen(browser, here.url, f"/rdv/{slot['id']}") as shown:
        await expect(shown.page.get_by_role("heading")).to_have_text("10:30, mardi 24 novembre")
        await expect(shown.page.locator("main")).to_contain_text("Maison médicale de l'Essai")
        drawn = await shown.page.request.get(f"{here.url}/rdv/{slot['id']}.svg")
        assert drawn.headers["content-type"] == "image/svg+xml"


async def test_a_hold_that_lapses_frees_the_form_and_the_slot(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=240)
    tokens = [await here.token(Role.PHARMACIST), await here.token(Role.PRACTITIONER, 0)]
    async with (
        screen(browser, here.url, "/orienter", tokens[0]) as pharmacy,
        screen(browser, here.url, "/creneaux", tokens[1], width=PHONE) as doctor,
    ):
        await describe(pharmacy.page, motive="renouv")
        await options(pharmacy.page, 1)
        await hold_first(pharmacy.page)
        await expect(pharmacy.page.locator(".ring text")).to_have_text(re.compile(r"^[12]:\d\d$"))
        await show(here.settings, MORNING + timedelta(minutes=10))
        await expect(pharmacy.page.locator("#toasts")).to_contain_text("Le délai est passé", timeout=30_000)
        await expect(pharmacy.page.locator("#held")).to_be_hidden()
        await expect(doctor.page.locator(".slot .state.free")).to_have_text("Libre")


async def test_two_who_want_the_same_slot_leave_one_with_the_next(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60)
    await here.publish(1, in_minutes=120)
    tokens = [await here.token(Role.PHARMACIST), await here.token(Role.REGULATOR)]
    async with (
        screen(browser, here.url, "/orienter", tokens[0]) as one,
        screen(browser, here.url, "/orienter", tokens[1]) as other,
    ):
        for each in (one, other):
            await describe(each.page, motive="renouv")
            await options(each.page, 2)
        await hold_first(one.page)
        # What the second one looks at stays in its place, greyed: their finger was on its way.
        await expect(other.page.locator("#options li").first).to_contain_text("déjà pris")
        await other.page.keyboard.press("1")
        await expect(other.page.locator("#held")).to_be_hidden()
        await other.page.keyboard.press("2")
        await expect(other.page.get_by_role("button", name="Confirmer")).to_be_focused()
