"""The coordination acts for a practitioner who phones, and nobody takes it for the practitioner."""

from playwright.async_api import Browser, expect

from shared.auth import Role
from tests.e2e.browser import screen
from tests.e2e.town import Town


async def test_the_coordination_publishes_and_notes_an_absence_for_who_phones(browser: Browser, here: Town) -> None:
    who = here.practitioners[1]
    token = await here.token(Role.COORDINATOR)
    async with screen(browser, here.url, f"/creneaux?praticien={who}", token) as desk:
        page = desk.page
        await expect(page.locator("#acting")).to_contain_text("Vous agissez pour Dr Basile FICTIF")
        await expect(page.locator("#whose")).to_have_value(str(who))
        await page.get_by_role("button", name="Publier", exact=False).first.click()
        await page.get_by_role("button", name="Publier 3 créneaux").click()
        await expect(page.locator(".slot")).to_have_count(3)
        await page.get_by_role("tab", name="Moi").click()
        await expect(page.locator("#away-form")).to_be_visible()
        await expect(page.locator("#panel-form")).to_be_hidden()
    async with here.client(Role.PRACTITIONER, 1) as doctor:
        state = (await doctor.get("/availability/live/snapshot", params={"cpts": "990000001"})).json()["state"]
        assert {slot["practitioner_id"] for slot in state["slots"].values()} == {str(who)}
    async with here.client(Role.PHARMACIST) as stranger:
        assert (await stranger.get(f"/creneaux?praticien={who}")).status_code == 403


async def test_the_sheet_of_a_practitioner_says_what_they_offered_and_received(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60, count=2)
    async with screen(browser, here.url, "/tension#equite", await here.token(Role.COORDINATOR)) as board:
        await board.page.get_by_role("button", name="Dr Ada EXEMPLE").click()
        sheet = board.page.get_by_role("dialog", name="Dr Ada EXEMPLE · Médecin")
        await expect(sheet).to_contain_text("Patients adressés")
        await expect(sheet.get_by_role("link", name="Agir pour ce praticien")).to_be_visible()
    async with here.client(Role.COMMITTEE) as committee:
        at = f"/matching/practitioners/{here.practitioners[0]}/sheet?cpts=990000001"
        assert (await committee.get(at)).status_code == 403
