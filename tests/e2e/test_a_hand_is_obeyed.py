"""« Orienter »: nothing is done in the name of a person who did not press for it, however slow the line."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import MORNING, owner, show
from tests.e2e.browser import PHONE, screen
from tests.e2e.people import describe, hold_first, options
from tests.e2e.town import Town

SLOW_S = 1.5
NEAR = 29
"""Minutes: so near that a round would give the slot at once."""
KNOWN = """
select r.state, r.patient_sealed is not null as patient, b.state as booking, b.patient_sealed is not null as told
from matching.request r left join availability.booking b on b.request_id = r.id::text
where r.source in ('pharmacy', 'sas') order by r.submitted_at, b.id
"""


async def desk_requests(here: Town) -> Sequence[Any]:
    """What stands for each request that was made at a desk, with its bookings."""
    async with owner(here.settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        return (await run(session, text(KNOWN))).all()


async def a_round_gave(here: Town) -> None:
    """Wait until a round has given a slot to somebody on the board: it had the time to give one to anybody."""
    await here.publish(5, in_minutes=300)
    body = {"insee": "48039", "urgency": 4, "motive": "renewal", "board": True, "answer_by": MORNING.isoformat()}
    async with here.client(Role.COORDINATOR) as client, asyncio.timeout(30):
        path = f"/matching/requests/{(await client.post('/matching/requests', json=body)).json()['id']}"
        while (await client.get(path)).json()["state"] != "confirmed":
            await asyncio.sleep(0.05)


async def slow(page: Page) -> None:
    """Each call takes a second and a half before it reaches the server."""

    async def late(route: Route) -> None:
        await asyncio.sleep(SLOW_S)
        await route.continue_()

    await page.route(re.compile("/matching/(requests|options)"), late)


async def p1(page: Page) -> None:
    """By keyboard: the most urgent."""
    await page.keyboard.press("p")
    await page.keyboard.press("1")
    await page.keyboard.press("Enter")


async def test_b1_a_slot_given_back_is_not_booked_again_for_who_refused_it(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=NEAR, count=2)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await describe(page)
        await p1(page)
        await options(page, 2)
        await hold_first(page)
        await page.keyboard.press("Escape")
        await expect(page.locator("#held")).to_be_hidden()
        await expect(page.locator("#after")).to_contain_text("rien n'est réservé")
        await a_round_gave(here)
        await expect(page.locator("#mine li")).to_have_count(0)
        assert [(each.state, each.booking) for each in await desk_requests(here)] == [("cancelled", "released")]
        # What they refuse is not proposed again; the board is one press away.
        await page.get_by_role("button", name="Pas ce créneau").click()
        await options(page, 1)
        await page.get_by_role("button", name=re.compile("^1\\.")).focus()


async def test_b1_the_next_patient_leaves_nothing_of_the_last_one(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=NEAR, count=2)
    async with screen(browser, here.url, "/orienter", await here.token(Role.REGULATOR)) as regulator:
        page = regulator.page
        await describe(page)
        await options(page, 2)
        await page.keyboard.press("2")
        await expect(page.get_by_role("button", name="Confirmer")).to_be_focused()
        await page.get_by_role("button", name="Autre patient").click()
        await expect(page.get_by_label("Où est le patient ?")).to_be_focused()
        await expect(page.locator("#toasts")).to_contain_text("rien n'est réservé")
        await a_round_gave(here)
        assert [(each.state, each.booking) for each in await desk_requests(here)] == [("cancelled", "released")]


async def test_b1_a_hold_that_lapses_waits_for_its_person(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=45, count=2)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await describe(page)
        await options(page, 2)
        await hold_first(page)
        await show(here.settings, MORNING + timedelta(minutes=10))
        await expect(page.locator("#after")).to_contain_text("Délai passé", timeout=30_000)
        await a_round_gave(here)
        await expect(page.locator("#mine li").get_by_role("button", name="Mettre au tableau")).to_be_visible()
        assert [each.booking for each in await desk_requests(here)] == ["expired"]
        await page.locator("#after").get_by_role("button", name="Mettre au tableau").click()
        await expect(page.locator("#calls-list li")).to_contain_text("Rendez-vous trouvé")


@pytest.mark.parametrize("turn", range(2))
async def test_b2_on_a_slow_line_nothing_is_confirmed_before_who_chooses_presses(
    browser: Browser, here: Town, turn: int
) -> None:
    await here.publish(0, in_minutes=NEAR)
    await here.publish(1, in_minutes=NEAR)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await slow(page)
        await describe(page)
        await p1(page)
        await options(page, 2)
        await page.keyboard.press(str(1 + turn))
        await expect(page.locator("#pending")).to_have_text("Réservation en cours…")
        await expect(page.locator("#options [aria-busy=true]")).to_have_count(1)
        await expect(page.get_by_role("button", name="Confirmer")).to_be_focused()
        await a_round_gave(here)
        assert [(each.state, each.booking) for each in await desk_requests(here)] == [("held", "held")]
        await expect(page.locator("#options li").nth(turn)).to_contain_text("réservé pour ce patient")
        await expect(page.locator("#options li").nth(turn)).not_to_contain_text("déjà pris")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog", name="Rendez-vous confirmé")).to_be_visible()
        await expect(page.locator("#toasts")).to_be_empty()
        assert [(each.state, each.booking) for each in await desk_requests(here)] == [("confirmed", "confirmed")]


async def test_b2_a_hold_that_comes_after_its_patient_left_is_given_back(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60)
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as pharmacy:
        page = pharmacy.page
        await slow(page)
        await describe(page)
        await options(page, 1)
        await page.keyboard.press("1")
        await page.keyboard.press("n")
        await page.keyboard.type("mende")
        await expect(page.get_by_label("Où est le patient ?")).to_have_value("mende")
        async with asyncio.timeout(30):
            while [(each.state, each.booking) for each in await desk_requests(here)] != [("cancelled", "released")]:
                await asyncio.sleep(0.1)
        await expect(page.get_by_label("Où est le patient ?")).to_have_value("mende")
        await expect(page.locator("#held")).to_be_hidden()


async def test_b3_a_visit_asks_where_and_whom_to_call_and_everybody_is_told_it_is_one(
    browser: Browser, here: Town
) -> None:
    await here.publish(0, in_minutes=60, modes=["AMB", "HH"])
    tokens = [await here.token(Role.PHARMACIST), await here.token(Role.PRACTITIONER, 0)]
    async with (
        screen(browser, here.url, "/orienter", tokens[0]) as pharmacy,
        screen(browser, here.url, "/creneaux", tokens[1], width=PHONE) as doctor,
    ):
        page = pharmacy.page
        await page.get_by_label("Non", exact=True).check()
        await describe(page)
        await options(page, 1)
        await expect(page.locator("#options li")).to_contain_text("le praticien se déplace")
        await expect(page.locator("#options li")).to_contain_text("Visite")
        await page.get_by_role("button", name=re.compile("^1\\.")).click()
        await page.get_by_role("button", name="Confirmer").click()
        await expect(page.locator("#problem")).to_contain_text("Une visite demande une adresse")
        await page.get_by_label("Adresse (pour une visite)").fill("1 rue de l'Essai")
        await page.get_by_label("Téléphone du patient").fill("06 00 00 00 00")
        await page.get_by_role("button", name="Confirmer").click()
        ticket = page.get_by_role("dialog", name="Rendez-vous confirmé")
        await expect(ticket).to_contain_text("Au domicile du patient")
        await expect(ticket).not_to_contain_text("Maison médicale de l'Essai")
        await expect(doctor.page.locator(".comer")).to_contain_text("Visite")
        await doctor.page.locator(".comer").get_by_role("button", name="Voir le patient").click()
        await expect(doctor.page.get_by_role("dialog")).to_contain_text("1 rue de l'Essai")
