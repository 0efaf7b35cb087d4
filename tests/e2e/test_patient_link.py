"""A link on a phone: nothing before the year of birth; then the appointment, cancelled in two presses."""

from playwright.async_api import Browser, expect

from shared.auth import Role
from tests.e2e.browser import PHONE, screen
from tests.e2e.town import Town


async def test_a_link_shows_nothing_before_the_year_and_cancels_in_two_presses(browser: Browser, here: Town) -> None:
    [slot, *_] = await here.publish(0, in_minutes=90)
    async with here.client(Role.COORDINATOR) as board:
        body = {"insee": "48013", "urgency": 2, "motive": "fever_adult", "age": 66, "board": False}
        hold = {"hold": {"slot_id": slot["id"]}}
        made = await board.post("/matching/requests", json={**body, **hold})
        request = made.json()
        assert made.status_code == 201, made.text
        assert (await board.post(f"/matching/requests/{request['id']}/confirmation", json={})).status_code == 200
        first = (await board.post(f"/matching/requests/{request['id']}/patient-link")).json()["url"]
        url = (await board.post(f"/matching/requests/{request['id']}/patient-link")).json()["url"]
        async with screen(browser, here.url, first.removeprefix(here.url), None, width=PHONE) as old:
            await old.page.get_by_label("Année de naissance").fill("1960")
            await old.page.get_by_role("button", name="Ouvrir").click()
            await expect(old.page.locator("#said")).to_contain_text("Ce lien n'ouvre pas")
            old.faults.clear()
        async with screen(browser, here.url, url.removeprefix(here.url), None, width=PHONE) as phone:
            page = phone.page
            await expect(page.locator("#shown")).to_be_hidden()
            await page.get_by_label("Année de naissance").fill("1971")
            await page.get_by_role("button", name="Ouvrir").click()
            await expect(page.locator("#said")).to_contain_text("Ce lien n'ouvre pas")
            phone.faults.clear()
            await page.get_by_label("Année de naissance").fill("1960")
            await page.get_by_role("button", name="Ouvrir").click()
            await expect(page.locator("#shown h2")).to_contain_text("10:30")
            await expect(page.get_by_role("link", name="Ajouter à mon agenda")).to_be_visible()
            await page.get_by_text("Je serai en retard").click()
            await page.get_by_role("button", name="15 min").click()
            await expect(page.locator("#shown")).to_contain_text("15 min de retard")
            await page.get_by_text("Annuler").click()
            await page.get_by_role("button", name="Je vais mieux").click()
            await expect(page.locator("#shown")).to_contain_text("n'est plus à vous")
        ended = (await board.get(f"/matching/requests/{request['id']}")).json()
        assert (ended["state"], ended["reason"]) == ("cancelled", "patient_better")


async def test_a_doctor_says_by_a_link_that_somebody_is_their_patient_already(browser: Browser, here: Town) -> None:
    async with here.client(Role.COORDINATOR) as board:
        seen = {"insee": "48013", "age": 70, "seen_practitioner_id": str(here.practitioners[0])}
        patient = {"patient": {"name": "ESSAI Fictive", "birth_date": "1956-02-03"}}
        entry = (await board.post("/matching/attachments", json={**seen, **patient})).json()
        body = {"practitioner_id": str(here.practitioners[0])}
        url = str((await board.post("/matching/attachments/doctor-links", json=body)).json()["url"])
        async with screen(browser, here.url, url.removeprefix(here.url), None, width=PHONE) as phone:
            await expect(phone.page.locator("#asked li")).to_contain_text("E. F. · 1956-02-03")
            await phone.page.get_by_role("button", name="Oui, je suis son médecin").click()
            await expect(phone.page.locator("#said")).to_contain_text("Rien ne vous est demandé")
        assert (await board.get(f"/matching/attachments/{entry['id']}")).json()["state"] == "confirmed"
