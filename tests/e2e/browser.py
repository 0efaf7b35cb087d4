"""A real Chromium, and people in front of it."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from shared.http import COOKIE

PHONE, TABLET, DESK = 360, 600, 1280
# What a browser says by itself of an answer that the page handles: a refusal, a session that ended, a server away.
# A connection may be refused, reset, closed or answered by nothing: whichever it is depends on the moment.
HANDLED = (
    "409", "401", "422", "ERR_CONNECTION_", "ERR_EMPTY_RESPONSE", "ERR_SOCKET_NOT_CONNECTED", "ERR_NETWORK_CHANGED",
    "ERR_INTERNET_DISCONNECTED", "WebSocket connection to",
)  # fmt: skip
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--lang=fr-FR",
)  # fmt: skip


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium, else the one that Playwright installed."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Screen:
    """One person's page, and what went wrong in it."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Keep every error that the page did not handle."""
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(word in message.text for word in HANDLED):
            self.faults.append(f"{message.text} {message.location.get('url', '')}")

    async def live(self) -> None:
        """Wait until the page is connected."""
        await self.page.wait_for_selector("#link[data-state=live]")

    async def weight(self) -> int:
        """Bytes that crossed the network for this page."""
        entries: Sequence[int] = await self.page.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".map((entry) => entry.transferSize)"
        )
        return sum(entries)


expect.set_options(timeout=20_000)


@asynccontextmanager
async def screen(
    browser: Browser,
    url: str,
    path: str,
    token: str | None = None,
    *,
    width: int = DESK,
    colours: Literal["light", "dark"] = "light",
    live: bool = True,
    **options: Any,
) -> AsyncIterator[Screen]:
    """Open a page as someone; at the end nothing may have gone wrong in it. `live` False: one that follows nothing."""
    context = await browser.new_context(
        viewport={"width": width, "height": 740 if width < TABLET else 800},
        color_scheme=colours,
        locale="fr-FR",
        reduced_motion="reduce",
        has_touch=width < TABLET,
        is_mobile=width < TABLET,
        **options,
    )
    context.set_default_timeout(20_000)
    if token:
        await context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
    shown = Screen(await context.new_page())
    shown.listen()
    try:
        await shown.page.goto(f"{url}{path}")
        if token and live:
            await shown.live()
        yield shown
    finally:
        await context.close()
    assert not shown.faults, shown.faults
