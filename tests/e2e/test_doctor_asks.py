"""« Demandes » and « Moi »: a patient on top asked for and answered, a proposal refused, what is set and counted."""

from playwright.async_api import Browser, expect

from shared.auth import Role
from tests.e2e.browser import PHONE, screen
from tests.e2e.town import Town


async def ask_for_one_more(here: Town, motive: str) -> str:
    """A request that no slot serves, and the practitioners asked for one more patient."""
    async with here.client(Role.COORDINATOR) as board:
        body = {"insee": "48013", "urgency": 2, "motive": motive}
        request = (await board.post("/matching/requests", json=body)).json()
        answer = await board.post(f"/matching/requests/{request['id']}/overbooking-asks", json={})
        assert answer.status_code == 201, answer.text
        return str(request["id"])


async def test_a_yes_on_the_phone_opens_a_slot_on_top_and_is_counted(browser: Browser, here: Town) -> None:
    for index in (0, 1):
        await here.publish(index, in_minutes=60, acts=["wound"])
    tokens = [await here.token(Role.PRACTITIONER, 0), await here.token(Role.DELEGATE, 1)]
    async with (
        screen(browser, here.url, "/creneaux#demandes", tokens[0], width=PHONE) as one,
        screen(browser, here.url, "/creneaux#demandes", tokens[1], width=PHONE) as two,
    ):
        await expect(one.page.locator("#asks-empty")).to_be_visible()
        first = await ask_for_one_more(here, "fever_child")
        await expect(one.page.get_by_role("tab", name="Demandes (1)")).to_be_visible()
        await expect(one.page.locator("#extra li")).to_contain_text("Fièvre de l'enfant · Badaroux")
        await one.page.get_by_role("button", name="Pas aujourd'hui").click()
        await expect(one.page.locator("#extra li")).to_have_count(0)
        await two.page.get_by_role("button", name="Oui, à 10:15").click()
        await expect(two.page.locator("#toasts")).to_contain_text("Créneau de 10:15 ouvert")
        await expect(two.page.locator("#extra li")).to_have_count(0)

        await ask_for_one_more(here, "sprain")
        await two.page.get_by_role("button", name="À une autre heure").click()
        await two.page.get_by_role("textbox", name="Heure").fill("11:30")
        await two.page.get_by_role("button", name="Le prendre à cette heure").click()
        await expect(one.page.locator("#asks-empty")).to_be_visible()
        await two.page.get_by_role("tab", name="Jour").click()
        await expect(two.page.locator(".slot .figure")).to_have_text(["10:00", "10:15", "11:30"])
        async with here.client(Role.COORDINATOR) as board:
            answer = await board.post(f"/matching/requests/{first}/confirmation", json={})
            assert answer.status_code == 200, answer.text
        await two.page.get_by_role("tab", name="Moi").click()
        await expect(two.page.locator("#on-top")).to_have_text("1")
        await expect(two.page.locator("#ledger")).to_have_text(
            "Cette semaine 1 patient, 1 inconnu ; moyenne du territoire 0,2. Sur 4 semaines 1 patient."
        )


async def test_a_proposal_is_refused_with_a_reason_and_the_figures_are_set(browser: Browser, here: Town) -> None:
    async with here.client(Role.PRACTITIONER, 0) as doctor:
        criteria = {"places": 2, "criteria": {}}
        path = f"/availability/practitioners/{here.practitioners[0]}/panel"
        assert (await doctor.put(path, json=criteria)).status_code == 204
    async with here.client(Role.COORDINATOR) as board:
        entry = (await board.post("/matching/attachments", json={"insee": "48095", "age": 74})).json()
        assert (await board.post("/matching/attachment-rounds", json={})).is_success
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux#demandes", token, width=PHONE) as doctor:
        page = doctor.page
        await page.get_by_role("button", name="Refuser").click()
        await page.get_by_role("dialog").get_by_role("button", name="Refuser").click()
        await expect(page.get_by_label("Pour quelle raison ?")).to_have_js_property("validity.valueMissing", True)
        await page.get_by_label("Pour quelle raison ?").select_option("too_far")
        await page.get_by_role("dialog").get_by_role("button", name="Refuser").click()
        await expect(page.locator("#asks-empty")).to_be_visible()
        await page.get_by_role("tab", name="Moi").click()
        cap = page.get_by_label("Patients au plus par semaine")
        await cap.fill("999")
        await page.locator("#settings").get_by_role("button", name="Enregistrer").click()
        await expect(page.locator("#settings .fault")).to_have_text("au plus 500")
        await expect(cap).to_be_focused()
        await expect(page.locator("#toasts")).to_contain_text(
            "À corriger : Patients au plus par semaine (au plus 500)."
        )
        await cap.fill("12")
        await page.get_by_label("Rendre un créneau libre").select_option("90")
        await page.locator("#settings").get_by_role("button", name="Enregistrer").click()
        await expect(page.locator("#toasts")).to_contain_text("Enregistré")
        await page.get_by_label("Comment entrer").fill("2e étage, code 1234")
        await page.locator("#access-form").get_by_role("button", name="Enregistrer").click()
        await page.get_by_role("tab", name="Jour").click()
        await page.locator("#publish").click()
        await page.get_by_label("À partir de").fill("14:00")
        await page.get_by_role("button", name="Publier 3 créneaux").click()
        await expect(page.locator("#truth")).to_contain_text("3 créneaux · 0 pris · 3 libres · rendu dès 12:30")
        slot = await page.locator(".slot").first.get_attribute("data-slot")
    async with screen(browser, here.url, f"/rdv/{slot}") as ticket:
        await expect(ticket.page.locator("main")).to_contain_text("2e étage, code 1234")
    async with here.client(Role.COORDINATOR) as board:
        story = (await board.get(f"/matching/attachments/{entry['id']}")).json()["story"]
        assert story[-1]["detail"]["reason"] == "too_far"
