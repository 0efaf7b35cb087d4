"""What goes wrong: the network, the server, the session. Nothing typed is lost, nothing stale looks fresh."""

import asyncio
import re
from contextlib import AsyncExitStack

import httpx
from playwright.async_api import Browser, Route, expect

from services.installation.together import build
from shared.auth import Role
from shared.http import COOKIE
from shared.settings import Settings
from tests.databases import connect
from tests.e2e.browser import screen
from tests.e2e.people import describe, options
from tests.e2e.town import Town, settle
from tests.processes import free_port
from tests.serving import serving


async def test_a_lost_network_is_said_and_heals_by_itself(browser: Browser, here: Town) -> None:
    token = await here.token(Role.COORDINATOR)
    async with screen(browser, here.url, "/tension", token) as board:
        await board.page.context.set_offline(True)
        await expect(board.page.locator("#banner")).to_have_text(re.compile("Hors ligne depuis 9:0"))
        await here.publish(0, in_minutes=60, count=2)
        await expect(board.page.locator("[data-figure=free] .figure-value")).to_have_text("0")
        await board.page.context.set_offline(False)
        await expect(board.page.locator("[data-figure=free] .figure-value")).to_have_text("2")
        await expect(board.page.locator("#banner")).to_be_hidden()


async def test_a_server_that_starts_again_finds_its_readers_back(browser: Browser, settings: Settings) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    here = settings.model_copy(
        update={"public_url": url, "availability_url": f"{url}/availability", "matching_url": f"{url}/matching"}
    )
    place = await settle(here, url)
    token = await place.token(Role.COORDINATOR)
    async with AsyncExitStack() as first:
        await first.enter_async_context(serving(build(here), port))
        async with screen(browser, url, "/tension", token) as board:
            free = board.page.locator("[data-figure=free] .figure-value")
            await expect(free).to_have_text("0")
            await first.aclose()
            await expect(board.page.locator("#banner")).to_contain_text("Hors ligne")
            async with serving(build(here), port):
                await place.publish(0, in_minutes=60, count=3)
                await expect(free).to_have_text("3")
                await expect(board.page.locator("#banner")).to_be_hidden()


async def test_a_press_before_the_scripts_of_a_page_are_there_is_not_lost(browser: Browser, here: Town) -> None:
    asked, there = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await there.wait()
        await route.continue_()

    token = await here.token(Role.ADMIN)
    async with screen(browser, here.url, "/admin", token) as office:
        await office.page.route(re.compile("/admin/admin.js"), late)
        await office.page.reload(wait_until="commit")
        await asked.wait()
        line = office.page.get_by_role("row", name="Pharmacie de l'Essai", include_hidden=True)
        press = asyncio.create_task(line.get_by_role("button", name="Suspendre").click(timeout=20_000))
        await expect(office.page.locator("#main[inert]")).to_be_visible()
        there.set()
        await press
        await expect(line.get_by_role("button", name="Rouvrir")).to_be_visible()


async def session_of_card(here: Town, label: str) -> str:
    """The session of a demonstration account, as a press on its card opens it."""
    async with httpx.AsyncClient(
        base_url=f"{here.url}/availability", headers={"origin": here.url}, timeout=30
    ) as client:
        cards = (await client.get("/session/demo")).json()
        card = next(each for each in cards if each["label"] == label)
        assert (await client.post(f"/session/demo/{card['account_id']}")).status_code == 201
        return str(client.cookies[COOKIE])


async def test_a_session_that_ends_asks_again_and_keeps_what_was_typed(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60)
    token = await session_of_card(here, "Pharmacie de l'Essai")
    async with screen(browser, here.url, "/orienter", token) as pharmacy:
        await describe(pharmacy.page, motive="renouv")
        await options(pharmacy.page, 1)
        database = await connect(here.settings.database_url.get_secret_value())
        await database.execute("delete from common.session")
        await database.close()
        await pharmacy.page.keyboard.press("1")
        again = pharmacy.page.get_by_role("dialog", name="Votre session a expiré")
        await again.get_by_role("button", name="Pharmacie de l'Essai").click()
        await expect(pharmacy.page.get_by_role("button", name="Confirmer")).to_be_focused()
        await expect(pharmacy.page.get_by_label("Où est le patient ?")).to_have_value("Mende")
