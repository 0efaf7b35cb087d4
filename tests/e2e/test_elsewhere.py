"""A slot that another editor publishes: shown apart, with a link to the agenda where one books it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from shared.auth import Role
from shared.settings import Settings
from tests.contract.malformed import foreign_answer
from tests.contract.sas.elsewhere import published_elsewhere
from tests.e2e.browser import screen
from tests.e2e.people import describe
from tests.e2e.test_every_page import faults_of
from tests.e2e.town import Town, town


@pytest.fixture
async def here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """The product, told of an editor that publishes a slot of the first practitioner."""
    answer = foreign_answer("99000000000", agenda="https://agenda.invalid/essai")
    async with published_elsewhere(monkeypatch, answer), town(settings) as place:
        yield place


async def test_a_slot_of_another_agenda_is_shown_with_its_link(browser: Browser, here: Town) -> None:
    async with screen(browser, here.url, "/orienter", await here.token(Role.PHARMACIST)) as shown:
        await describe(shown.page, motive="fièvre")
        await shown.page.get_by_label("demain").check(force=True)
        link = shown.page.get_by_role("link", name="Ada EXEMPLE")
        await expect(link).to_have_attribute("href", "https://agenda.invalid/essai")
        await expect(link).to_have_attribute("rel", "noopener noreferrer")
        await expect(shown.page.locator("#elsewhere")).to_contain_text("12:00")
        await expect(shown.page.locator("#options button")).to_have_count(0)
        assert await faults_of(shown) == []


async def test_the_administration_says_how_each_link_is_doing(browser: Browser, here: Town) -> None:
    async with screen(browser, here.url, "/admin", await here.token(Role.ADMIN)) as office:
        links = office.page.locator("#links-list li")
        await expect(links).to_have_count(2)
        await expect(links.first).to_contain_text("aucun rendez-vous")
        await expect(links.last).to_contain_text("Autre agenda")
