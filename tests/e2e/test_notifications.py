"""Asking to be told on this device, in a real browser; only its vendor's push service is played by a server of ours."""

import json
from typing import Any

from playwright.async_api import Browser, Page, expect

from shared.auth import Role
from tests.e2e.browser import PHONE, screen
from tests.e2e.town import Town
from tests.push_service import eventually, push_service

# Subscribing leads to the vendor's servers: here the browser gets a subscription to ours.
SUBSCRIBE = """(given) => {
  const made = { endpoint: given.endpoint, toJSON: () => given, unsubscribe: async () => true };
  PushManager.prototype.subscribe = async (options) => {
    window.subscribedWith = options.applicationServerKey.length;
    PushManager.prototype.getSubscription = async () => made;
    return made;
  };
}"""


async def booked(here: Town, slot: dict[str, Any]) -> None:
    """A pharmacist sends somebody to this slot."""
    async with here.client(Role.PHARMACIST) as pharmacy:
        body = {"insee": "48095", "urgency": 4, "motive": "renewal", "patient": {"name": "Essai SECRET"}}
        asked = (await pharmacy.post("/matching/requests", json=body)).json()
        held = await pharmacy.post(f"/matching/requests/{asked['id']}/hold", json={"slot_id": slot["id"]})
        assert held.status_code == 201, held.text
        assert (await pharmacy.post(f"/matching/requests/{asked['id']}/confirmation", json={})).status_code == 200


async def show_as_pushed(page: Page, url: str, payload: dict[str, Any]) -> None:
    """Hand the service worker what the push service hands it."""
    devtools = await page.context.new_cdp_session(page)
    found: list[str] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(
        each["registrationId"] for each in event["registrations"]
    ))  # fmt: skip
    await devtools.send("ServiceWorker.enable")
    await eventually(lambda: found)
    pushed = {"origin": url, "registrationId": found[0], "data": json.dumps(payload)}
    await devtools.send("ServiceWorker.deliverPushMessage", pushed)


async def test_a_doctor_asks_to_be_told_on_this_phone_and_is(browser: Browser, here: Town) -> None:
    slot = (await here.publish(0, in_minutes=120))[0]
    token, allowed = await here.token(Role.PRACTITIONER, 0), ["notifications"]
    async with (
        push_service() as pushes,
        screen(browser, here.url, "/creneaux#moi", token, width=PHONE, permissions=allowed) as doctor,
    ):
        phone, page = pushes.browser(), doctor.page
        section = page.locator("#notices")
        await expect(section).to_contain_text("Cet appareil ne vous prévient pas.")
        await expect(section).to_contain_text("L'envoi d'e-mails n'est pas réglé")
        workers = "navigator.serviceWorker.getRegistrations().then((all) => all.length)"
        assert await page.evaluate(workers) == 0
        await page.evaluate(SUBSCRIBE, phone.subscription())
        await section.get_by_role("button", name="Me prévenir sur cet appareil").click()
        await expect(section).to_contain_text("Cet appareil vous prévient.")
        assert await page.evaluate(workers) == 1
        assert await page.evaluate("window.subscribedWith") == 65

        await booked(here, slot)
        await eventually(lambda: phone.shown)
        assert phone.shown[0]["title"] == "Un patient est attendu aujourd'hui à 11:00"
        for _twice in range(2):
            await show_as_pushed(page, here.url, phone.shown[0])
        await page.wait_for_function(
            "navigator.serviceWorker.ready.then((it) => it.getNotifications())"
            ".then((all) => all.map((each) => each.title).join() === 'Un patient est attendu aujourd\\'hui à 11:00')"
        )

        await section.get_by_label("un patient est inscrit chez moi").uncheck()
        await section.get_by_label("De", exact=True).fill("21:30")
        await section.get_by_role("button", name="Enregistrer").click()
        await expect(section.locator("#notices-last li").first).to_contain_text("Envoyé")
        await page.reload()
        await expect(section.get_by_label("un patient est inscrit chez moi")).not_to_be_checked()
        await expect(section.get_by_label("De", exact=True)).to_have_value("21:30")
