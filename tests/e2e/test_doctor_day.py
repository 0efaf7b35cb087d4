"""A practitioner's day: withdraw and undo, one more patient, why a slot is not proposed, who is coming."""

from playwright.async_api import Browser, expect
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import CPTS, owner
from tests.e2e.browser import PHONE, screen
from tests.e2e.town import Town

NASTY = "<img src=x onerror=alert(1)>"


async def test_what_is_withdrawn_can_be_taken_back(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=120)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await doctor.page.get_by_label("Actions pour 11:00").click()
        await doctor.page.get_by_role("button", name="Retirer ce créneau").click()
        await expect(doctor.page.locator(".slot .state.bad")).to_have_text("Retiré")
        await doctor.page.get_by_role("button", name="Annuler", exact=True).click()
        await expect(doctor.page.locator(".slot .state.free")).to_have_text("Libre")


async def test_why_a_slot_is_not_proposed_is_said_rule_by_rule(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=120)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux#moi", token, width=PHONE) as doctor:
        await doctor.page.get_by_label("Pause").check()
        await doctor.page.locator("#settings").get_by_role("button", name="Enregistrer").click()
        await doctor.page.get_by_role("tab", name="Jour").click()
        await expect(doctor.page.locator("#paused")).to_contain_text("Vous êtes en pause")
        await doctor.page.get_by_label("Actions pour 11:00").click()
        await doctor.page.get_by_role("button", name="Pourquoi n'est-il pas proposé").click()
        await expect(doctor.page.locator(".rules .state.bad + span")).to_have_text(
            "Vous êtes en pause : reprenez dans l'onglet « Moi »."
        )


async def test_who_comes_is_read_on_purpose_logged_and_never_taken_for_markup(browser: Browser, here: Town) -> None:
    slot = (await here.publish(0, in_minutes=120))[0]
    async with here.client(Role.PHARMACIST) as pharmacy:
        patient = {"name": NASTY, "phone": "0600000000"}
        body = {"insee": "48095", "urgency": 4, "motive": "renewal", "patient": patient}
        asked = (await pharmacy.post("/matching/requests", json=body)).json()
        held = await pharmacy.post(f"/matching/requests/{asked['id']}/hold", json={"slot_id": slot["id"]})
        assert held.status_code == 201, held.text
        assert (await pharmacy.post(f"/matching/requests/{asked['id']}/confirmation", json={})).status_code == 200
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await doctor.page.get_by_role("button", name="Voir le patient").click()
        record = doctor.page.get_by_role("dialog")
        await expect(record).to_contain_text(NASTY)
        await expect(record).to_contain_text("Consultation tracée")
        await record.get_by_role("button", name="Fermer").click()
        await doctor.page.get_by_label("Actions pour 11:00").click()
        await doctor.page.get_by_role("button", name="Prendre un patient de plus").click()
        dialog = doctor.page.get_by_role("dialog")
        await dialog.get_by_role("button", name="Prendre un patient de plus").click()
        # No reason is given that nobody chose.
        await expect(dialog.get_by_label("Pour quelle raison ?")).to_have_js_property("validity.valueMissing", True)
        await dialog.get_by_label("Pour quelle raison ?").select_option(index=1)
        await dialog.get_by_role("button", name="Prendre un patient de plus").click()
        await expect(doctor.page.locator(".comer")).to_have_count(2)
    async with owner(here.settings) as session:
        read = await run(session, text("select count(*) from common.access_log where action = 'read'"))
        assert read.scalar_one() == 1


async def test_every_page_speaks_english_too(browser: Browser, here: Town) -> None:
    for role, path, word in (
        (Role.PRACTITIONER, "/creneaux", "Publish"),
        (Role.PHARMACIST, "/orienter", "Where is the patient?"),
        (Role.COORDINATOR, "/tension", "Free places"),
        (Role.ADMIN, "/admin", "Members and roles"),
    ):
        token = await here.token(role, 0 if role is Role.PRACTITIONER else None)
        async with screen(browser, here.url, "/langue/en?suite=" + path, token) as shown:
            await expect(shown.page.locator("main")).to_contain_text(word)
            await expect(shown.page.locator("html")).to_have_attribute("lang", "en")


async def test_a_territory_overseas_reads_and_publishes_by_its_own_clocks(browser: Browser, here: Town) -> None:
    async with here.client(Role.ADMIN) as admin:
        island = {"name": "CPTS d'une île", "size": 1, "communes": ["97411", "97415"]}
        assert (await admin.put(f"/availability/cpts/{CPTS}", json=island)).is_success
    await here.publish(0, in_minutes=120)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await expect(doctor.page.locator(".slot .figure")).to_have_text("14:00")
        await doctor.page.get_by_role("button", name="Publier", exact=False).first.click()
        await doctor.page.get_by_label("À partir de").fill("18:00")
        await doctor.page.get_by_role("button", name="Publier 3 créneaux").click()
        await expect(doctor.page.locator(".slot .figure")).to_have_text(["14:00", "18:00", "18:15", "18:30"])
    async with here.client(Role.PRACTITIONER, 0) as client:
        window = {"cpts": CPTS, "from": "2026-11-24T13:00:00Z", "to": "2026-11-25T00:00:00Z"}
        found = (await client.get("/availability/slots", params=window)).json()["slots"]
        assert [each["starts_at"][11:16] for each in found] == ["14:00", "14:15", "14:30"]
