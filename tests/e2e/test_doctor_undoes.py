"""A practitioner's hand: what is withdrawn comes back whole, what is given back is reopened, an absence stays empty."""

from datetime import timedelta

from playwright.async_api import Browser, expect

from shared.auth import Role
from tests.builders import MORNING
from tests.e2e.browser import PHONE, screen
from tests.e2e.town import Town

DAY_MIN = 24 * 60


async def test_a_withdrawal_undone_gives_back_the_same_slot_and_leaves_no_ghost(browser: Browser, here: Town) -> None:
    (before,) = await here.publish(0, in_minutes=120, appointment="WALKIN", give_back_minutes=20)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await doctor.page.get_by_label("Actions pour 11:00").click()
        await doctor.page.get_by_role("button", name="Retirer ce créneau").click()
        await expect(doctor.page.locator(".slot .state.bad")).to_have_text("Retiré")
        await doctor.page.get_by_role("button", name="Annuler", exact=True).click()
        await expect(doctor.page.locator(".slot .state.free")).to_have_text("Libre")
        await expect(doctor.page.locator(".slot")).to_have_count(1)
    async with here.client(Role.PRACTITIONER, 0) as client:
        after = (await client.get(f"/availability/slots/{before['id']}")).json()
    assert {name: after[name] for name in ("id", "appointment", "give_back_at", "status")} == {
        name: before[name] for name in ("id", "appointment", "give_back_at", "status")
    }


async def test_a_slot_given_back_is_reopened_in_one_press(browser: Browser, here: Town) -> None:
    (slot,) = await here.publish(0, in_minutes=120)
    async with here.client(Role.PRACTITIONER, 0) as client:
        assert (await client.post(f"/availability/slots/{slot['id']}/give-back")).status_code == 200
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await expect(doctor.page.locator(".slot")).to_contain_text("Rendu")
        await doctor.page.get_by_role("button", name="Rouvrir").click()
        await expect(doctor.page.locator(".slot .state.free")).to_have_text("Libre")
        await expect(doctor.page.locator("#keep-all")).to_be_hidden()


async def test_slots_that_will_go_back_are_said_before_and_kept_in_one_press(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=120, count=2)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await doctor.page.get_by_role("button", name="2 créneaux seront rendus dès 10:45").click()
        await expect(doctor.page.locator("#keep-all")).to_be_hidden()
        await expect(doctor.page.locator("#toasts")).to_contain_text("Gardé")


async def test_as_yesterday_publishes_the_rest_and_says_what_is_there(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=DAY_MIN + 120, count=2)
    await here.publish(0, in_minutes=DAY_MIN + 540)
    await here.publish(0, in_minutes=2 * DAY_MIN + 120)
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await doctor.page.locator("#after").click()
        await doctor.page.locator("#after").click()
        await expect(doctor.page.locator(".slot")).to_have_count(1)
        await doctor.page.get_by_role("button", name="Comme hier").click()
        await expect(doctor.page.locator(".slot .figure")).to_have_text(["11:00", "11:15", "18:00"])
        await expect(doctor.page.locator("#toasts")).to_contain_text("2 créneaux publiés · déjà là : 11:00")


async def test_a_day_of_absence_stays_empty_and_says_so(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=DAY_MIN + 120, count=2)
    async with here.client(Role.PRACTITIONER, 0) as client:
        away = {
            "practitioner_id": str(here.practitioners[0]),
            "starts_at": (MORNING + timedelta(days=2, hours=-8)).isoformat(),
            "ends_at": (MORNING + timedelta(days=3, hours=-9)).isoformat(),
        }
        assert (await client.post("/availability/absences", json=away)).status_code == 201
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await doctor.page.locator("#after").click()
        await doctor.page.locator("#after").click()
        await expect(doctor.page.locator("#empty")).to_contain_text("Absent ce jour")
        await doctor.page.get_by_role("button", name="Comme hier").click()
        await expect(doctor.page.locator("#toasts")).to_contain_text("absence : 11:00, 11:15")
        await expect(doctor.page.locator(".slot")).to_have_count(0)
