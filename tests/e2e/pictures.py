"""The pictures of the pages: whose each is, where it is, and what that person has done there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page, expect

from shared.auth import Role
from tests.e2e.people import describe, hold_first

MARSEILLE, LOZERE = "Marseille", "Lozère"
Steps = Callable[[Page], Awaitable[object]]


async def nothing_more(_page: Page) -> None:
    """The page as it opens."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page of someone in a territory, after what they do there; nobody's when nobody signed in."""

    name: str
    role: Role | None
    path: str
    steps: Steps = nothing_more
    territory: str = MARSEILLE
    live: bool = True


def press(selector: str, then: str = "") -> Steps:
    """Click what is there; then wait for what it brings."""

    async def steps(page: Page) -> None:
        await page.locator(selector).first.click()
        if then:
            await page.locator(then).first.wait_for()

    return steps


def seen(selector: str) -> Steps:
    """Wait for what the page brings by itself."""

    async def steps(page: Page) -> None:
        await page.locator(selector).first.wait_for()

    return steps


def referring(place: str, motive: str, *more: Steps) -> Steps:
    """Say where and what for, wait for the answer, then go on."""

    async def steps(page: Page) -> None:
        await describe(page, place, motive)
        await expect(page.locator("#options button, #nothing button").first).to_be_visible()
        for step in more:
            await step(page)

    return steps


async def confirm(page: Page) -> None:
    """Hold the first slot and confirm it: the ticket opens."""
    await hold_first(page)
    await page.keyboard.press("Enter")
    await page.locator("#ticket .qr").wait_for()


async def give_back(page: Page) -> None:
    """Leave nothing reserved for the next picture of the same person."""
    if await page.locator("#held").is_visible():
        await page.keyboard.press("Escape")
        await page.locator("#held").wait_for(state="hidden")


async def out_of_reach(page: Page) -> None:
    """Ask for a profession and a distance that nobody serves."""
    await page.locator(".more summary").click()
    await page.locator("[name=travel]").select_option("10")
    await page.locator("[name=urgency]").first.check(force=True)
    await page.locator("#nothing button").first.wait_for()


async def wrong(page: Page) -> None:
    """Send the form of signing in with nothing in it."""
    await page.get_by_role("button", name="Se connecter").click()
    await page.locator("[data-sign-in] .problem").wait_for()


async def map_of(page: Page, layer: str) -> None:
    """Choose what the map shows."""
    await page.locator(f"#layers [value={layer}]").check(force=True)


ANSWER, LACK = "#whatif-answer strong", "#tomorrow-words strong, #tomorrow-none:not([hidden])"
DOCTOR, COORDINATOR = Role.PRACTITIONER, Role.COORDINATOR
PICTURES = (
    Picture("connexion", None, "/connexion", seen(".demo-territory")),
    Picture("connexion-refus", None, "/connexion", wrong),
    Picture("creneaux", DOCTOR, "/creneaux", seen(".slot")),
    Picture("creneaux-patient", DOCTOR, "/creneaux", press(".comer button")),
    Picture("creneaux-actions", DOCTOR, "/creneaux", press(".slot .menu summary")),
    Picture("creneaux-vide", DOCTOR, "/creneaux", press("#after", "#empty:not([hidden])")),
    Picture("creneaux-publier", DOCTOR, "/creneaux", press("#publish")),
    Picture("creneaux-demandes", DOCTOR, "/creneaux#demandes", seen("#asks li, #extra li")),
    Picture("creneaux-moi", DOCTOR, "/creneaux#moi"),
    Picture("creneaux-secretariat", Role.DELEGATE, "/creneaux"),
    Picture("creneaux-touches", DOCTOR, "/creneaux", lambda page: page.keyboard.press("?")),
    Picture("orienter", Role.PHARMACIST, "/orienter"),
    Picture("orienter-choix", Role.PHARMACIST, "/orienter", referring("marseille 15", "fièvre")),
    Picture("orienter-reserve", Role.PHARMACIST, "/orienter", referring("marseille 15", "renouv", hold_first)),
    Picture("orienter-billet", Role.PHARMACIST, "/orienter", referring("marseille 14", "certif", confirm)),
    Picture("orienter-rien", Role.REGULATOR, "/orienter", referring("langogne", "entorse", out_of_reach), LOZERE),
    Picture("orienter-lozere", Role.REGULATOR, "/orienter", referring("mende", "renouv"), LOZERE),
    Picture("tension", COORDINATOR, "/tension"),
    Picture("tension-lozere", COORDINATOR, "/tension", territory=LOZERE),
    Picture("tension-demande", COORDINATOR, "/tension", lambda page: map_of(page, "demand"), LOZERE),
    Picture("tension-offre", COORDINATOR, "/tension", lambda page: map_of(page, "offer")),
    Picture("tension-histoire", COORDINATOR, "/tension", press("#board .open", "#story .story li")),
    Picture("tension-servis", COORDINATOR, "/tension", press("[data-figure=served]")),
    Picture("tension-libres", COORDINATOR, "/tension", press("[data-figure=free]")),
    Picture("tension-mur", COORDINATOR, "/tension", lambda page: page.keyboard.press("w")),
    Picture("tension-equite", COORDINATOR, "/tension#equite"),
    Picture("tension-mt", COORDINATOR, "/tension#mt", seen("#proposals tr")),
    Picture("tension-mt-lozere", COORDINATOR, "/tension#mt", seen("#register tr"), LOZERE),
    Picture("tension-simulation", COORDINATOR, "/tension#simulation", press("#whatif .primary", ANSWER)),
    Picture("tension-demain", COORDINATOR, "/tension#demain", seen(LACK)),
    Picture("tension-bilan", COORDINATOR, "/tension#bilan", seen("#review-found:not([hidden])")),
    Picture("tension-retrouver", COORDINATOR, "/tension#retrouver", seen("#found tr")),
    Picture("comite", Role.COMMITTEE, "/comite", seen("#review-found:not([hidden])")),
    Picture("admin", Role.ADMIN, "/admin"),
    Picture("admin-lozere", Role.ADMIN, "/admin", territory=LOZERE),
    Picture("notifications", Role.PHARMACIST, "/preferences"),
    Picture("refus-role", Role.PHARMACIST, "/admin", live=False),
    Picture("refus-absente", Role.PHARMACIST, "/nulle-part", live=False),
)  # fmt: skip
