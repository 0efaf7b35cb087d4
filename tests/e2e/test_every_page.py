"""What holds on every page: accessible, light, quiet, in both colours, on a phone and on a desk."""

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from shared.auth import Role
from tests.e2e.browser import DESK, PHONE, Screen, screen
from tests.e2e.town import Town, fill

BUDGET = 150_000
# What differs between colours is contrast, between widths the layout: two looks see every fault of four.
LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((PHONE, "light"), (DESK, "dark"))
PAGES: dict[str, tuple[Role | None, str]] = {
    "login": (None, "/connexion"),
    "patient": (None, "/patient#AAAAAAAAAAAAAAAAAAAAAA"),
    "slots": (Role.PRACTITIONER, "/creneaux"),
    "me": (Role.PRACTITIONER, "/creneaux#moi"),
    "asked of me": (Role.PRACTITIONER, "/creneaux#demandes"),
    "notifications": (Role.PHARMACIST, "/preferences"),
    "refer": (Role.PHARMACIST, "/orienter"),
    "board": (Role.COORDINATOR, "/tension"),
    "fairness": (Role.COORDINATOR, "/tension#equite"),
    "register": (Role.COORDINATOR, "/tension#mt"),
    "what if": (Role.COORDINATOR, "/tension#simulation"),
    "tomorrow": (Role.COORDINATOR, "/tension#demain"),
    "administration": (Role.ADMIN, "/admin"),
    "committee": (Role.COMMITTEE, "/comite"),
    "review": (Role.COORDINATOR, "/tension#bilan"),
    "found again": (Role.COORDINATOR, "/tension#retrouver"),
    "year": (Role.COORDINATOR, "/annee"),
    "contract": (Role.COORDINATOR, "/annee#contrat"),
    "dossiers": (Role.COORDINATOR, "/annee#dossiers"),
    "level": (Role.COORDINATOR, "/annee#niveau"),
    "year of the committee": (Role.COMMITTEE, "/annee"),
}


@pytest.fixture
async def peopled(here: Town) -> Town:
    """A territory with slots, and requests that wait."""
    await fill(here)
    return here


async def faults_of(shown: Screen) -> list[str]:
    """What shuts somebody out of a page: on a phone in light colours, on a desk in dark ones."""
    found: list[str] = []
    for width, colours in LOOKS:
        await shown.page.set_viewport_size({"width": width, "height": 800})
        await shown.page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        checked = (await Axe().run(shown.page)).response["violations"]
        found += [f"{width} {colours} {each['id']}: {each['nodes'][0]['html'][:160]}" for each in checked]
        if (across := await shown.page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{width} scrolls sideways to {across} px")
    return found


async def test_no_page_shuts_anyone_out_or_weighs_too_much(browser: Browser, peopled: Town) -> None:
    found: dict[str, list[str]] = {}
    for name, (role, path) in PAGES.items():
        token = await peopled.token(role, 0 if role is Role.PRACTITIONER else None) if role else None
        async with screen(browser, peopled.url, path, token) as shown:
            await shown.page.wait_for_load_state("networkidle")
            weight = await shown.weight()
            await shown.page.evaluate(
                "document.querySelectorAll('main details:not([name])').forEach((each) => each.open = true)"
            )
            found[name] = await faults_of(shown)
            if weight > BUDGET:
                found[name].append(f"weighs {weight} bytes")
    assert {name: faults for name, faults in found.items() if faults} == {}
