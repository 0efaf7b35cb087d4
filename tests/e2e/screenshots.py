"""Writes each page as a picture, on a phone and on a desk: `make screenshots` (ARGS is the folder)."""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page

from services.histories import HISTORIES
from shared import embedded
from shared.auth import Role
from shared.migrate import upgrade
from tests.conftest import renamed, run, settings_for
from tests.e2e.browser import DESK, PHONE, Screen, chromium, screen
from tests.e2e.people import describe, hold_first, options
from tests.e2e.town import Town, fill, town

SHOTS: dict[str, tuple[Role | None, str]] = {
    "connexion": (None, "/connexion"),
    "creneaux": (Role.PRACTITIONER, "/creneaux"),
    "creneaux-publier": (Role.PRACTITIONER, "/creneaux"),
    "creneaux-moi": (Role.PRACTITIONER, "/creneaux#moi"),
    "orienter": (Role.PHARMACIST, "/orienter"),
    "orienter-reserve": (Role.PHARMACIST, "/orienter"),
    "orienter-billet": (Role.PHARMACIST, "/orienter"),
    "tension": (Role.COORDINATOR, "/tension"),
    "tension-histoire": (Role.COORDINATOR, "/tension"),
    "tension-mt": (Role.COORDINATOR, "/tension#mt"),
    "creneaux-demandes": (Role.PRACTITIONER, "/creneaux#demandes"),
    "admin": (Role.ADMIN, "/admin"),
    "tension-equite": (Role.COORDINATOR, "/tension#equite"),
    "tension-libres": (Role.COORDINATOR, "/tension"),
    "tension-mur": (Role.COORDINATOR, "/tension"),
    "tension-simulation": (Role.COORDINATOR, "/tension#simulation"),
    "tension-demain": (Role.COORDINATOR, "/tension#demain"),
}


async def prepare(name: str, shown: Screen) -> None:
    """Bring a page to what its picture shows."""
    page = shown.page
    await page.wait_for_load_state("networkidle")
    if name == "creneaux-publier":
        await page.locator("#publish").click()
    if name.startswith("orienter"):
        await describe(page, motive="renouv")
        await options(page, 5)
    if name.startswith("orienter-"):
        await hold_first(page)
    if name == "orienter-billet":
        await page.keyboard.press("Enter")
        await page.locator("#ticket .qr").wait_for()
    await prepare_board(name, page)


async def prepare_board(name: str, page: Page) -> None:
    """The same, for the coordinator's pages."""
    if name == "tension-libres":
        await page.locator("[data-figure=free]").click()
    if name == "tension-mur":
        await page.keyboard.press("w")
    if name == "tension-mt":
        await page.get_by_role("button", name="Proposer des médecins").click()
        await page.locator("#proposals tr").first.wait_for()
    if name == "tension-simulation":
        await page.get_by_role("button", name="Rejouer les journées").click()
        await page.locator("#whatif-answer strong").wait_for()
    if name == "tension-demain":
        await page.locator("#tomorrow-words strong").first.wait_for()
    if name == "tension-histoire":
        await page.locator("#board .open").first.click()
        await page.locator("#story .story li").first.wait_for()


async def seek(place: Town) -> None:
    """People without a médecin traitant, and a practitioner who takes two."""
    async with place.client(Role.PRACTITIONER, 0) as client:
        await client.put(f"/availability/practitioners/{place.practitioners[0]}/panel", json={"places": 2})
    async with place.client(Role.COORDINATOR) as client:
        for age, flags, insee in ((74, ["ald"], "48095"), (31, ["pregnancy"], "48013"), (40, [], "48095")):
            body = {"insee": insee, "age": age, "flags": flags, "source": "mairie"}
            await client.post("/matching/attachments", json=body)


async def shoot(browser: Browser, place: Town, folder: Path) -> None:
    """Every page, at both widths."""
    for name, (role, path) in SHOTS.items():
        for width in (PHONE, DESK):
            token = await place.token(role, 0 if role is Role.PRACTITIONER else None) if role else None
            async with screen(browser, place.url, path, token, width=width) as shown:
                await prepare(name, shown)
                await shown.page.screenshot(path=folder / f"{name}-{width}.png")


async def main(folder: Path) -> None:
    """Start everything, take the pictures, stop everything."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="aiguillage-shots-") as data:
        async with embedded.servers(Path(data) / "servers") as servers, chromium() as browser:
            await run(servers.database_url, "create database shots")
            settings = settings_for(renamed(servers.database_url, "shots"), servers.redis_url)
            await upgrade(settings, HISTORIES)
            async with town(settings) as place:
                await fill(place)
                await seek(place)
                await shoot(browser, place, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "data/screenshots")))
