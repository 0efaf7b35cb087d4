"""« Simulation » and « Demain »: the coordinator moves three sliders and reads one sentence."""

from datetime import timedelta

from playwright.async_api import Browser, expect

from shared.auth import Role
from tests.builders import MORNING, show
from tests.e2e.browser import PHONE, screen
from tests.e2e.town import Town


async def yesterday(here: Town, *, requests: int, slots: int) -> None:
    """So many people of Mende asked yesterday, for so many slots."""
    await show(here.settings, MORNING - timedelta(days=1) + timedelta(minutes=5))
    await here.publish(0, in_minutes=60 - 24 * 60, count=slots)
    async with here.client(Role.PHARMACIST) as client:
        for _ in range(requests):
            body = {"insee": "48095", "urgency": 2, "motive": "fever_child", "professions": ["10"]}
            assert (await client.post("/matching/requests", json=body)).status_code == 201
    await show(here.settings, MORNING)


async def test_the_answer_to_what_if_and_to_tomorrow_is_a_sentence(browser: Browser, here: Town) -> None:
    await yesterday(here, requests=5, slots=2)
    token = await here.token(Role.COORDINATOR)
    async with screen(browser, here.url, "/tension#simulation", token, width=PHONE) as board:
        form = board.page.locator("#whatif")
        await form.get_by_label("Créneaux de plus par jour").fill("3")
        await form.get_by_label("Dans quelle commune").select_option(label="Mende")
        await form.get_by_role("button", name="Rejouer les journées").click()
        await expect(board.page.locator("#whatif-answer strong")).to_have_text(
            "Avec 3 créneaux de plus par jour à Mende : 2 patients de plus servis sous 24 h."
        )
        link = await board.page.locator("#whatif-result a[data-kind=csv]").get_attribute("href")
        exported = await board.page.request.get(f"{here.url}{link}")
        assert "Servies sous 24 h;2;4" in (await exported.body()).decode("utf-8-sig")
        await board.page.get_by_role("tab", name="Demain").click()
        await expect(board.page.locator("#tomorrow-words strong")).to_contain_text("de plus entre 8 h et 10 h.")
        await expect(board.page.locator("#tomorrow-words")).to_contain_text("D'après 1 journée semblable")
