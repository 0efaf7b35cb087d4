"""The week that comes back: how, for whom, until when, changed from a day on; and absences of half a day."""

import re

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from shared.auth import Role
from tests.e2e.browser import DESK, PHONE, screen
from tests.e2e.test_doctor_rows import send
from tests.e2e.town import Town


async def test_a_template_says_how_for_whom_until_when_and_is_changed_from_a_day_on(
    browser: Browser, here: Town
) -> None:
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux#moi", token, width=DESK) as doctor:
        page = doctor.page
        form, lines = page.locator("#week-form"), page.locator("#openings li")
        for each in ("mar.", "mer.", "jeu."):
            await form.get_by_label(each).check()
        await form.get_by_label("De", exact=True).fill("14:00")
        await form.get_by_label("À", exact=True).fill("15:00")
        await form.get_by_label("Téléconsultation").check()
        await form.get_by_label("Tous").check()
        await form.get_by_label("Dernier jour").fill("2026-12-31")
        await form.get_by_label("À partir du").fill("2026-11-25")
        await form.get_by_role("button", name="Ouvrir chaque semaine").dblclick()
        await expect(lines).to_have_count(1)
        for words in ("mar., mer., jeu.", "14:00–15:00", "Téléconsultation", "Tous", "jusqu'au 31/12/2026"):
            await expect(lines).to_contain_text(words)
        await expect(page.get_by_role("dialog")).to_have_count(0)

        await lines.get_by_role("button", name="Modifier").click()
        await expect(form.get_by_label("De", exact=True)).to_be_focused()
        await expect(form.get_by_label("De", exact=True)).to_have_value("14:00")
        await form.get_by_label("De", exact=True).fill("14:30")
        await form.get_by_label("À partir du").fill("2026-11-26")
        await form.get_by_role("button", name="Enregistrer les changements").click()
        await expect(lines).to_have_count(2)
        await expect(lines.last).to_contain_text("14:30–15:00")
        await expect(lines.last).to_contain_text("à partir du 26/11/2026")
        assert (await Axe().run(page)).response["violations"] == []
        await page.get_by_role("tab", name="Jour").click()
        await expect(page.locator(".slot")).to_have_count(0)
        await page.get_by_label("Aller au jour").fill("2026-11-25")
        await expect(page.locator(".slot")).to_have_count(4)
        await page.get_by_label("Aller au jour").fill("2026-11-26")
        await expect(page.locator(".slot:not(.gone) .figure")).to_have_text(["14:30", "14:45"])
        await expect(page.locator(".slot:not(.gone)").first).to_contain_text("Téléconsultation")

        await page.get_by_role("tab", name="Moi").click()
        await lines.last.get_by_role("button", name="Arrêter").click()
        await page.get_by_role("dialog").get_by_role("button", name="Arrêter").click()
        await expect(lines).to_have_count(1)


async def test_a_change_that_meets_patients_or_today_is_asked(browser: Browser, here: Town) -> None:
    token = await here.token(Role.DELEGATE, 0)
    async with screen(browser, here.url, "/creneaux#moi", token, width=PHONE) as delegate:
        page = delegate.page
        form, lines = page.locator("#week-form"), page.locator("#openings li")
        await form.get_by_label("mar.").check()
        await form.get_by_label("De", exact=True).fill("14:00")
        await form.get_by_label("À", exact=True).fill("15:00")
        await form.get_by_role("button", name="Ouvrir chaque semaine").click()
        await page.get_by_role("button", name="Dès aujourd'hui").click()
        await page.get_by_role("tab", name="Jour").click()
        await expect(page.locator(".slot")).to_have_count(4)
        async with here.client(Role.DELEGATE, 0) as client:
            window = {"cpts": "990000001", "from": "2026-11-24T00:00:00Z", "to": "2026-11-25T00:00:00Z"}
            slots = (await client.get("/availability/slots", params=window)).json()["slots"]
        await send(here, slots[:1])
        await page.get_by_role("tab", name="Moi").click()
        await lines.get_by_role("button", name="Modifier").click()
        await form.get_by_label("À", exact=True).fill("14:30")
        await form.get_by_role("button", name="Enregistrer les changements").click()
        await page.get_by_role("button", name="Dès aujourd'hui").click()
        await page.get_by_role("button", name="Garder leurs rendez-vous").click()
        await expect(lines).to_contain_text("14:00–14:30")
        await page.get_by_role("tab", name="Jour").click()
        await expect(page.locator(".slot:not(.gone) .figure")).to_have_text(["14:00", "14:15"])
        await expect(page.locator(".slot").first).to_contain_text("M. D.")


async def test_an_absence_is_of_a_morning_an_afternoon_or_some_hours(browser: Browser, here: Town) -> None:
    for minutes in (60, 300, 420):
        await here.publish(0, in_minutes=minutes)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux#moi", token, width=PHONE) as doctor:
        page = doctor.page
        form, lines = page.locator("#away-form"), page.locator("#absences li")
        await form.get_by_label("Quand").select_option("Matin (jusqu'à 13:00)")
        await expect(form.get_by_label("Dernier jour")).to_be_hidden()
        await form.get_by_role("button").click()
        await expect(lines).to_have_text([re.compile("aujourd'hui 9:00 → aujourd'hui 13:00")])
        await form.get_by_label("Quand").select_option("De … à …")
        await form.get_by_label("De", exact=True).fill("15:30")
        await form.get_by_label("À", exact=True).fill("17:00")
        await form.get_by_role("button").click()
        await expect(lines).to_have_count(2)
        assert (await Axe().run(page)).response["violations"] == []
        await page.get_by_role("tab", name="Jour").click()
        await expect(page.locator(".slot.gone .figure")).to_have_text(["10:00", "16:00"])
        await expect(page.locator(".slot:not(.gone) .figure")).to_have_text(["14:00"])


async def test_a_webcal_address_is_understood_and_what_is_wrong_with_it_is_said(browser: Browser, here: Town) -> None:
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux#moi", token, width=PHONE) as doctor:
        page = doctor.page
        await page.get_by_label("Adresse de mon agenda").fill("webcal://127.0.0.1:1/agenda.ics")
        await page.locator("#agenda-form").get_by_role("button").click()
        state = page.locator("#agenda-state")
        await expect(state).to_contain_text("Agenda suivi chez 127.0.0.1")
        await expect(state).to_contain_text("L'agenda ne répond pas : vérifiez son adresse.")
        await state.get_by_role("button", name="Ne plus suivre").click()
        await expect(state).to_be_hidden()
