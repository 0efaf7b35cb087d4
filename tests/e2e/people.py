"""What each person does at their own screen, in the words they see."""

from playwright.async_api import Page, expect

from tests.e2e.browser import Screen


async def describe(page: Page, place: str = "men", motive: str = "enfant") -> None:
    """Type where and what for, by keyboard alone, and wait for the slots."""
    await page.get_by_label("Où est le patient ?").focus()
    await page.keyboard.type(place)
    await expect(page.get_by_role("option").first).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Pour quoi ?")).to_be_focused()
    await page.keyboard.type(motive)
    await expect(page.get_by_role("option").first).to_be_visible()
    await page.keyboard.press("Enter")


async def options(page: Page, count: int) -> None:
    """Wait until so many slots may be chosen."""
    await expect(page.locator("#options button:not(:disabled)")).to_have_count(count)


async def hold_first(page: Page) -> None:
    """Press `1` and wait until the slot is held."""
    await page.keyboard.press("1")
    await expect(page.get_by_role("button", name="Confirmer")).to_be_focused()


async def publish(shown: Screen) -> None:
    """Publish the three slots that the sheet proposes: two presses."""
    await shown.page.get_by_role("button", name="Publier", exact=False).first.click()
    await shown.page.get_by_role("button", name="Publier 3 créneaux").click()
    await expect(shown.page.locator(".slot")).to_have_count(3)
