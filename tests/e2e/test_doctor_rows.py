"""A day on one line a slot: who comes is complete, where we are, what is over; cancelling says what follows."""

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Route, expect
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import a_person, owner
from tests.e2e.browser import DESK, PHONE, screen
from tests.e2e.test_doctor_week import go_back
from tests.e2e.town import Town

PATIENT = {"name": "Modèle Désirée", "phone": "0600000000"}


async def send(here: Town, slots: Sequence[dict[str, Any]], **more: Any) -> None:
    """One patient to each of these slots, sent by a pharmacy that answers 04 66 11 22 33."""
    async with here.client(Role.PHARMACIST) as pharmacy:
        for slot in slots:
            body = {"insee": "48013", "urgency": 4, "motive": "renewal", "patient": PATIENT, "age": 6, **more}
            asked = (await pharmacy.post("/matching/requests", json=body)).json()
            held = await pharmacy.post(f"/matching/requests/{asked['id']}/hold", json={"slot_id": slot["id"]})
            assert held.status_code == 201, held.text
            assert (await pharmacy.post(f"/matching/requests/{asked['id']}/confirmation", json={})).status_code == 200
    async with owner(here.settings) as session:
        await run(session, text("update common.account set phone = '04 66 11 22 33' where label like 'essai pharm%'"))


async def heights(page: Page) -> list[float]:
    """How tall each row of the day is, in px."""
    found: list[float] = await page.locator(".slot").evaluate_all(
        "(rows) => rows.map((row) => row.getBoundingClientRect().height)"
    )
    return found


async def page_again(page: Page) -> None:
    """Look again, once the slot that began can be marked."""
    await page.reload()
    await expect(page.get_by_role("button", name="Absent")).to_be_visible()


async def test_a_row_says_who_comes_from_where_and_whom_to_call_back_on_one_line(browser: Browser, here: Town) -> None:
    await send(here, await here.publish(0, in_minutes=120, count=2))
    await here.publish(0, in_minutes=180)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=DESK) as doctor:
        row = doctor.page.locator(".slot").first
        for words in ("P4", "M. D., 6 ans", "Badaroux", "Renouvellement", "demandé à 9:00", "essai pharmacist"):
            await expect(row).to_contain_text(words)
        await expect(row.get_by_role("link", name="04 66 11 22 33")).to_have_attribute("href", "tel:0466112233")
        await expect(doctor.page.locator(".slot")).to_have_count(3)
        assert max(await heights(doctor.page)) <= 48
        assert "Modèle" not in await doctor.page.locator("main").inner_text()
        assert (await Axe().run(doctor.page)).response["violations"] == []
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await expect(doctor.page.locator(".slot").first).to_contain_text("M. D., 6 ans")
        small = await doctor.page.locator(".slot :is(button, a, summary):visible").evaluate_all(
            "(all) => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.textContent)"
        )
        assert small == []
        await go_back(here, "2 hours 5 minutes", before=125)
        await page_again(doctor.page)
        out = await doctor.page.locator(".slot :is(button, a):visible").evaluate_all(
            "(all) => all.filter((one) => one.getBoundingClientRect().right > document.body.clientWidth - 16)"
            ".map((one) => one.textContent)"
        )
        assert out == []
        assert (await Axe().run(doctor.page)).response["violations"] == []


async def test_the_day_opens_at_now_with_what_is_over_in_one_line(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60, count=5)
    await here.publish(0, in_minutes=240)
    await go_back(here, "3 hours", before=200)
    token = await here.token(Role.DELEGATE, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as delegate:
        page = delegate.page
        await expect(page.locator(".now")).to_have_text("Maintenant, 9:00")
        await expect(page.locator(".slot .figure")).to_have_text(["13:00"])
        fold = page.get_by_role("button", name="5 passés")
        await fold.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".slot")).to_have_count(6)
        await expect(page.locator("#timeline > li").nth(6)).to_have_text("Maintenant, 9:00")
        await page.get_by_label("Aller au jour").fill("2026-11-26")
        await expect(page.locator("#day")).to_contain_text("26 novembre")
        await expect(page.locator(".now")).to_have_count(0)
        await page.get_by_role("button", name="Aujourd'hui", exact=True).click()
        await expect(page.locator(".now")).to_have_count(1)


async def test_who_cancels_says_why_and_whether_the_slot_is_for_somebody_else(browser: Browser, here: Town) -> None:
    slots = await here.publish(0, in_minutes=120, count=2)
    await send(here, slots)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=DESK) as doctor:
        page = doctor.page

        async def slow(route: Route) -> None:
            await page.wait_for_timeout(1500)
            await route.continue_()

        await page.route("**/cancellation", slow)
        closed, kept = page.locator(".slot").nth(0), page.locator(".slot").nth(1)
        await closed.get_by_role("button", name="Annuler").click()
        await page.get_by_label("Pour quelle raison ?").select_option("Le patient ne vient plus")
        await page.get_by_role("button", name="Annuler et fermer le créneau").dblclick()
        await expect(closed.locator(".state.bad")).to_have_text("Retiré")
        await kept.get_by_role("button", name="Annuler").click()
        # No reason is given that nobody chose.
        await page.get_by_role("button", name="Annuler, laisser ouvert").click()
        await expect(page.get_by_label("Pour quelle raison ?")).to_have_js_property("validity.valueMissing", True)
        await page.get_by_label("Pour quelle raison ?").select_option("Le praticien est empêché")
        await page.get_by_role("button", name="Annuler, laisser ouvert").click()
        await expect(kept.locator(".state.free")).to_have_text("Libre")
    async with owner(here.settings) as session:
        said = await run(session, text("select reason from availability.booking where state = 'cancelled' order by id"))
        assert [row.reason for row in said] == ["Le patient ne vient plus", "Le praticien est empêché"]


async def test_a_day_of_168_slots_opens_at_now_and_prints_as_a_list(browser: Browser, here: Town) -> None:
    last = [await here.publish(0, in_minutes=60 + hour * 60, count=12, minutes=5) for hour in range(14)][-1]
    await send(here, last[-1:])
    await go_back(here, "9 hours", before=540)
    token = await here.token(Role.DELEGATE, 0)
    async with screen(browser, here.url, "/creneaux", token, width=DESK) as delegate:
        page = delegate.page
        await expect(page.get_by_role("button", name="96 passés")).to_be_visible()
        await expect(page.locator(".slot")).to_have_count(72)
        await expect(page.locator(".now")).to_be_in_viewport()
        await page.emulate_media(media="print")
        await page.evaluate("dispatchEvent(new Event('beforeprint'))")
        sheet = page.get_by_role("table")
        await expect(sheet.locator("caption")).to_have_text("Dr Ada EXEMPLE · mardi 24 novembre")
        await expect(page.locator("#print-head")).to_contain_text("CPTS de l'Essai")
        await expect(sheet).to_contain_text("M. D., 6 ans")
        assert await page.locator("main button:visible").count() == 0


async def test_the_menu_of_the_last_row_is_above_the_bar_at_the_bottom(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60, count=12)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        page = doctor.page
        await page.get_by_label("Actions pour 12:45").click()
        await page.get_by_role("button", name="Retirer ce créneau").click()
        await expect(page.locator(".slot").last.locator(".state.bad")).to_have_text("Retiré")


async def test_a_doctor_puts_a_patient_of_their_own_in_a_free_slot(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=120, count=2)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        page, row = doctor.page, doctor.page.locator(".slot").first
        await page.get_by_label("Actions pour 11:00").click()
        await page.get_by_role("button", name="Inscrire mon patient").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Nom").fill("Modèle Désirée")
        await dialog.get_by_label("Date de naissance").fill("24/11/2020")
        assert (await Axe().run(page)).response["violations"] == []
        await page.keyboard.press("Enter")
        await expect(row).to_contain_text("M. D., 6 ans")
        await expect(row).to_contain_text("Mon patient")
        await expect(page.locator("#truth")).to_contain_text("1 pris · 1 libre")
        await row.get_by_role("button", name="Voir le patient").click()
        await expect(page.get_by_role("dialog")).to_contain_text("Modèle Désirée")
        await page.get_by_role("dialog").get_by_role("button", name="Fermer").click()
        await row.get_by_role("button", name="Annuler").click()
        await expect(page.get_by_role("dialog")).to_contain_text("Prévenez votre patient")
        await page.get_by_label("Pour quelle raison ?").select_option("Inscrit par erreur")
        await page.get_by_role("button", name="Annuler et fermer le créneau").click()
        await expect(row.locator(".state.bad")).to_have_text("Retiré")


async def test_a_secretary_sees_a_week_and_several_practitioners_side_by_side(browser: Browser, here: Town) -> None:
    await send(here, await here.publish(0, in_minutes=120))
    await here.publish(0, in_minutes=120 + 24 * 60)
    await here.publish(1, in_minutes=180)
    token = await a_person(here.settings, Role.DELEGATE, practitioners=tuple(here.practitioners[:2]))
    async with screen(browser, here.url, "/creneaux", token, width=DESK) as secretary:
        page, columns = secretary.page, secretary.page.locator("#grid .column")
        await page.locator("#whose").select_option("Dr Ada EXEMPLE")
        await page.get_by_label("Vue").select_option("Semaine")
        await expect(columns).to_have_count(7)
        await expect(columns.nth(1)).to_contain_text("11:00M. D., 6 ans")
        await expect(columns.nth(2)).to_contain_text("11:00Libre")
        await expect(columns.nth(3)).to_contain_text("Aucun créneau")
        assert (await Axe().run(page)).response["violations"] == []
        await page.get_by_label("Vue").select_option("Côte à côte")
        await expect(columns).to_have_count(2)
        await expect(page.get_by_role("region", name="Dr Basile FICTIF")).to_contain_text("12:00Libre")
        await page.get_by_role("region", name="Dr Basile FICTIF").get_by_role("button").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#whose")).to_have_value(str(here.practitioners[1]))
        await expect(page.locator(".slot .figure")).to_have_text(["12:00"])
