"""How much a person must do: presses are counted, and a keyboard alone is enough."""

import pytest
from playwright.async_api import Browser, Page, expect

from shared.auth import Role
from tests.e2e.browser import PHONE, screen
from tests.e2e.people import options
from tests.e2e.town import Town

COUNT = """
window.presses = 0;
for (const event of ["click", "keydown"]) addEventListener(event, (happened) => {
  const typed = happened.key?.length === 1 && happened.target.closest("input:not([type=radio])");
  const echo = happened.type === "click" && happened.detail === 0;
  if (!typed && !echo) window.presses += 1;
}, true);
"""


async def presses(page: Page) -> int:
    """Key presses and taps since the page opened, beyond the text typed into fields."""
    counted: int = await page.evaluate("window.presses")
    return counted


async def test_three_slots_are_published_in_six_presses_at_most(browser: Browser, here: Town) -> None:
    token = await here.token(Role.PRACTITIONER, 0)
    async with screen(browser, here.url, "/creneaux", token, width=PHONE) as doctor:
        await doctor.page.evaluate(COUNT)
        await doctor.page.locator("#publish").tap()
        await doctor.page.get_by_role("button", name="Publier 3 créneaux").tap()
        await expect(doctor.page.locator(".slot")).to_have_count(3)
        assert await presses(doctor.page) <= 6


async def test_a_patient_is_referred_by_keyboard_in_twelve_presses_beyond_the_text(
    browser: Browser, here: Town
) -> None:
    await here.publish(0, in_minutes=60, count=2)
    token = await here.token(Role.REGULATOR)
    async with screen(browser, here.url, "/orienter", token) as regulator:
        page = regulator.page
        await page.evaluate(COUNT)
        await expect(page.get_by_label("Où est le patient ?")).to_be_focused()
        await page.keyboard.type("men")
        await expect(page.get_by_role("option", name="Mende")).to_be_visible()
        await page.keyboard.press("Enter")
        await page.keyboard.type("renouv")
        await expect(page.get_by_role("option", name="Renouvellement")).to_be_visible()
        await page.keyboard.press("Enter")
        await options(page, 2)
        await page.keyboard.press("1")
        await expect(page.get_by_role("button", name="Confirmer")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog", name="Rendez-vous confirmé")).to_be_visible()
        assert await presses(page) <= 12


OURS = "praticien=99000000000&origin=sas&commune=48095&motif=fever_adult&urgence=3&age=34"
CONTEXTUAL = (
    "origin=sas&specialty=urn:oid:1.2.250.1.213.1.1.5.3|SM54&practitioner=urn:oid:1.2.250.1.71.4.2.1|899000000000"
    "&loc=Mende&text=grippe&urgence=3"
)
"""The call of a regulation software (INT_L01), with how soon added."""


async def test_the_regulator_who_comes_from_elsewhere_finds_the_form_filled(browser: Browser, here: Town) -> None:
    await here.publish(0, in_minutes=60, count=2)
    token = await here.token(Role.REGULATOR)
    for query, profession in ((OURS, ""), (CONTEXTUAL, "10")):
        async with screen(browser, here.url, f"/orienter?{query}", token) as regulator:
            await expect(regulator.page.get_by_label("Où est le patient ?")).to_have_value("Mende")
            await expect(regulator.page.get_by_label("Pour quoi ?")).to_have_value("Fièvre de l'adulte")
            await expect(regulator.page.get_by_label("P3 demain")).to_be_checked()
            await expect(regulator.page.get_by_label("Professionnel demandé")).to_have_value(profession)
            await expect(regulator.page.get_by_label("Praticien habituel")).to_have_value(str(here.practitioners[0]))
            await expect(regulator.page.locator("#options li").first).to_contain_text("praticien habituel")
            await options(regulator.page, 2)
            assert regulator.page.url == f"{here.url}/orienter"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_the_board_leaves_as_a_file_without_a_patient(here: Town, kind: str) -> None:
    async with here.client(Role.PHARMACIST) as client:
        patient = {"name": "Nom-Fictif", "phone": "0600000000"}
        body = {"insee": "48095", "urgency": 2, "motive": "dental_pain", "professions": ["40"], "patient": patient}
        assert (await client.post("/matching/requests", json=body)).status_code == 201
    async with here.client(Role.COORDINATOR) as client:
        answer = await client.get(f"/matching/exports/board.{kind}", params={"cpts": "990000001"})
    assert answer.status_code == 200
    if kind == "csv":
        header, line = answer.content.decode("utf-8-sig").splitlines()
        assert header.startswith("Demandée le;Urgence;Commune;Motif;État")
        assert "P2;Mende;Douleur dentaire" in line
        assert "Nom-Fictif" not in line
    else:
        assert answer.content.startswith(b"PK")
