"""Beyond the day: as yesterday, a week's template, an absence, the agenda's two addresses; who came and who did not."""

import re
from datetime import timedelta
from typing import Any

from playwright.async_api import Browser, expect
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import MORNING, owner
from tests.e2e.browser import PHONE, screen
from tests.e2e.town import Town


async def go_back(here: Town, how_long: str, *, before: int) -> None:
    """Let the slots of the first minutes have been so long ago: the clock of a running service does not jump."""
    moved = text(
        "update availability.slot set starts_at = starts_at - cast(:ago as interval),"
        " ends_at = ends_at - cast(:ago as interval), give_back_at = null where starts_at < :before"
    )
    async with owner(here.settings) as session:
        await run(session, text("set local aiguillage.cpts = '*'"))
        await run(session, text("set local aiguillage.practitioners = '*'"))
        await run(session, moved.bindparams(ago=how_long, before=MORNING + timedelta(minutes=before)))


async def booked(here: Town, slot: dict[str, Any]) -> None:
    """A patient whom the pharmacy sent to this slot."""
    async with here.client(Role.PHARMACIST) as pharmacy:
        body = {"insee": "48095", "urgency": 4, "motive": "renewal"}
        asked = (await pharmacy.post("/matching/requests", json=body)).json()
        held = await pharmacy.post(f"/matching/requests/{asked['id']}/hold", json={"slot_id": slot["id"]})
        assert held.status_code == 201, held.text
        assert (await pharmacy.post(f"/matching/requests/{asked['id']}/confirmation", json={})).status_code == 200


async def test_who_came_who_did_not_and_who_no_longer_comes(browser: Browser, here: Town) -> None:
    # None so near that a round decides before the pharmacy does.
    for slot in [*await here.publish(0, in_minutes=90, count=2), *await here.publish(0, in_minutes=240)]:
        await booked(here, slot)
    await go_back(here, "3 hours", before=150)
    token = await here.token(Role.DELEGATE, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as delegate:
        await delegate.page.get_by_role("button", name="2 passés, dont 2 à noter").click()
        first, second, third = (delegate.page.locator(".slot").nth(index) for index in range(3))
        await first.get_by_role("button", name="Venu").click()
        await expect(first).to_contain_text("Venu")
        await expect(first.get_by_role("button", name="Venu")).to_have_count(0)
        await second.get_by_role("button", name="Absent").click()
        await expect(second.get_by_role("button", name="Absent")).to_have_count(0)
        await third.get_by_role("button", name="Annuler").click()
        await delegate.page.get_by_label("Pour quelle raison ?").select_option("Le patient ne vient plus")
        await delegate.page.get_by_role("button", name="Annuler, laisser ouvert").click()
        await expect(third.locator(".state.free")).to_have_text("Libre")
        await delegate.page.get_by_role("tab", name="Moi").click()
        await expect(delegate.page.locator("#ledger")).to_contain_text("Cette semaine 1 patient, 1 inconnu")
        kept = await delegate.page.locator("a[data-list=ledger][data-kind=csv]").get_attribute("href")
        assert (await (await delegate.page.request.get(f"{here.url}{kept}")).text()).endswith(";1;1;0\r\n")


async def test_the_same_as_yesterday_is_one_press(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60, count=3, minutes=20)
    await here.publish(0, in_minutes=300, modes=["VR"])
    await go_back(here, "1 day", before=360)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await expect(doctor.page.locator("#empty")).to_be_visible()
        await doctor.page.get_by_role("button", name="Comme hier").click()
        await expect(doctor.page.locator(".slot .figure")).to_have_text(["10:00", "10:20", "10:40", "14:00"])
        await expect(doctor.page.locator(".slot").last).to_contain_text("Téléconsultation")


async def test_a_template_fills_the_days_an_absence_empties_them_and_agendas_are_exchanged(
    browser: Browser, here: Town
) -> None:
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux#moi", token, width=PHONE) as doctor:
        page = doctor.page
        for each in ("mar.", "mer."):
            await page.locator("#week-days").get_by_label(each).check()
        await page.locator("#week-form").get_by_label("De", exact=True).fill("14:00")
        await page.locator("#week-form").get_by_label("À", exact=True).fill("15:00")
        await page.get_by_role("button", name="Ouvrir chaque semaine").click()
        await page.get_by_role("button", name="Dès aujourd'hui").click()
        await expect(page.locator("#openings li")).to_contain_text("mar., mer.")
        await page.get_by_role("tab", name="Jour").click()
        await expect(page.locator(".slot")).to_have_count(4)
        await page.get_by_role("tab", name="Moi").click()
        await page.locator("#away-form").get_by_role("button").click()
        await expect(page.locator("#absences li")).to_have_count(1)
        await page.get_by_role("tab", name="Jour").click()
        await expect(page.locator(".slot .state.bad")).to_have_text(["Retiré"] * 4)
        await page.get_by_label("Jour suivant").click()
        await expect(page.locator(".slot .state.free")).to_have_text(["Libre"] * 4)
        await page.get_by_role("tab", name="Moi").click()
        await page.get_by_role("button", name="Obtenir l'adresse").click()
        await expect(page.locator("#agenda-url")).to_have_value(re.compile(re.escape(here.url)))
        offered = await page.locator("#agenda-url").input_value()
        calendar = await page.request.get(offered)
        assert (await calendar.text()).startswith("BEGIN:VCALENDAR")
        await page.locator("#agenda-form").get_by_label("Adresse de mon agenda").fill(offered)
        await page.locator("#agenda-form").get_by_role("button").click()
        await expect(page.locator("#toasts")).to_contain_text("Agenda suivi")
        await expect(page.locator("#agenda-state")).to_contain_text("Agenda suivi chez 127.0.0.1")
        await page.get_by_role("button", name="Ne plus suivre").click()
        await expect(page.locator("#agenda-state")).to_be_hidden()
