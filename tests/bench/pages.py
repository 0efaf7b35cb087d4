"""What a person waits for: each page until it can be used, and « Orienter » from the last key to the options on screen.

`aiguillage bench pages` plays the demonstration on servers of its own and looks at it in a real Chromium; `--url` looks
at one that runs already. Times are the browser's own (performance API), on the machine that also serves.
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.async_api import Browser, Page

from shared.http import COOKIE
from tests.bench.report import Report, median, percentile, progress
from tests.e2e.browser import PHONE, chromium, screen
from tests.processes import Program

BUDGET_BYTES, INTERACTIVE_MS, OPTIONS_MS, MOST_PRESSES, REFERRAL_S = 150_000, 1_000, 300, 12, 30
KEY_S = 0.28
"""One key of an average typist (Card, Moran and Newell, The Keystroke-Level Model, 1980)."""
PAGES = (
    ("connexion", None, "/connexion"),
    ("mes créneaux", "practitioner", "/creneaux"),
    ("orienter", "pharmacist", "/orienter"),
    ("tension", "coordinator", "/tension"),
    ("médecin traitant", "coordinator", "/tension#mt"),
    ("administration", "admin", "/admin"),
)
TOWNS = {"Lozère": "mende", "Marseille": "marseille 1"}
MOTIVES = ("renouv", "fievre", "entorse", "cystite", "gorge")
WATCH = """
addEventListener("DOMContentLoaded", () => {
  const link = document.getElementById("link");
  const look = () => { if (link?.dataset.state === "live") window.liveAt ??= performance.now(); };
  if (link) new MutationObserver(look).observe(link, { attributes: true });
});
"""
LAST_KEY = """() => new Promise((resolve) => {
  let pressed = 0;
  addEventListener("keydown", () => { pressed = performance.now(); }, { capture: true, once: true });
  const seen = () => document.querySelector("#options li, #nothing .card");
  const watch = new MutationObserver(() => {
    if (!seen() || !pressed) return;
    watch.disconnect();
    requestAnimationFrame((frame) => setTimeout(() => resolve(performance.now() - pressed)));
  });
  watch.observe(document.querySelector(".answers"), { childList: true, subtree: true, attributes: true });
})"""


@dataclass
class Found:
    """What was measured: a row per page, and milliseconds from the last key to the options by territory."""

    pages: list[dict[str, Any]] = field(default_factory=list)
    options_ms: dict[str, list[float]] = field(default_factory=dict)
    presses: int = 0
    typed: int = 0


@asynccontextmanager
async def demonstration() -> AsyncIterator[str]:
    """Two territories being played, on servers of their own."""
    with tempfile.TemporaryDirectory(prefix="aiguillage-pages-", ignore_cleanup_errors=True) as folder:
        program = Program(["demo", "--data-dir", folder, "--speed", "10"], {})
        await program.start()
        try:
            yield program.url
        finally:
            await program.stop()


async def token_of(url: str, role: str, territory: str) -> str:
    """The session of a demonstration account."""
    async with httpx.AsyncClient(base_url=url, headers={"origin": url}) as client:
        cards = (await client.get("/availability/session/demo")).json()
        card = next(each for each in cards if each["role"] == role and territory in each["label"])
        (await client.post(f"/availability/session/demo/{card['account_id']}", json={})).raise_for_status()
        return client.cookies[COOKIE]


async def look_at(browser: Browser, url: str, role: str | None, path: str, width: int) -> dict[str, Any]:
    """One page, opened by a browser that has never been here."""
    token = await token_of(url, role, "Marseille") if role else None
    async with screen(browser, url, "/connexion", width=width) as shown:
        await shown.page.add_init_script(WATCH)
        if token:
            await shown.page.context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
        await (await shown.page.context.new_cdp_session(shown.page)).send("Network.clearBrowserCache")
        await shown.page.goto("about:blank")
        await shown.page.goto(f"{url}{path}")
        if token:
            await shown.live()
        await shown.page.wait_for_load_state("load")
        bytes_ = await shown.weight()
        timing = await shown.page.evaluate(
            "() => { const [t] = performance.getEntriesByType('navigation');"
            " return [t.responseStart, t.domContentLoadedEventEnd, window.liveAt ?? null]; }"
        )
    first_byte, interactive, live = timing
    return {"kB": bytes_ / 1000, "first byte, ms": first_byte, "interactive, ms": interactive, "live, ms": live}


async def refer(page: Page, place: str, motive: str) -> float:
    """Say where and what for by keyboard alone; milliseconds from the last key to the options on screen."""
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("n")
    await page.keyboard.type(place)
    await page.locator("#place-list [role=option]").first.wait_for()
    await page.keyboard.press("Enter")
    await page.keyboard.type(motive)
    await page.locator("#motive-list [role=option]").first.wait_for()
    watching = asyncio.ensure_future(page.evaluate(LAST_KEY))
    await page.evaluate("0")
    await page.keyboard.press("Enter")
    taken: float = await watching
    return taken


async def measure(url: str, rounds: int) -> Found:
    """Every page on a phone and on a desk, then many patients in each territory."""
    found = Found()
    async with chromium() as browser:
        for name, role, path in PAGES:
            progress(name)
            for width in (1280, PHONE):
                seen = await look_at(browser, url, role, path, width)
                found.pages.append({"page": f"{name}, {width} px", **seen})
        for territory, place in TOWNS.items():
            progress(f"options, {territory}")
            token = await token_of(url, "pharmacist", territory)
            async with screen(browser, url, "/orienter", token) as shown:
                times = [await refer(shown.page, place, MOTIVES[n % len(MOTIVES)]) for n in range(rounds)]
            found.options_ms[territory] = times
    found.typed = len("mende") + len(MOTIVES[0])
    # Enter, Enter, 1, Enter: tests/e2e/test_effort.py counts them.
    found.presses = 4
    return found


def report(found: Found) -> Report:
    """The figures beside what was aimed at."""
    shown = Report(
        "Pages: first visit, and the options of a referral",
        ("page", "kB", "first byte, ms", "interactive, ms", "live, ms"),
    )
    for each in found.pages:
        shown.add(**each)
    for territory, times in found.options_ms.items():
        shown.add(page=f"options, {territory}: p50, p95, most (ms)", **{
            "first byte, ms": median(times), "interactive, ms": percentile(times, .95), "live, ms": max(times),
        })  # fmt: skip
    slowest = max(percentile(times, 0.95) for times in found.options_ms.values())
    interactive = max(each["interactive, ms"] for each in found.pages)
    seconds = (found.presses + found.typed) * KEY_S + slowest / 1000
    shown.figures = {
        "options_p95_ms": slowest,
        "options_aim_ms": OPTIONS_MS,
        "interactive_most_ms": interactive,
        "interactive_aim_ms": INTERACTIVE_MS,
        "referral_presses": found.presses,
        "referral_s": seconds,
    }
    shown.add(page=f"interactive, slowest page (aim {INTERACTIVE_MS} ms)", **{"interactive, ms": interactive})
    shown.add(page=f"options, slowest p95 (aim {OPTIONS_MS} ms)", **{"live, ms": slowest})
    words = f"referral: {found.presses} presses + {found.typed} letters, {KEY_S} s each, and the wait"
    shown.add(page=f"{words} (aim {REFERRAL_S} s)", **{"live, ms": 1000 * seconds})
    shown.guarantee(
        f"no first page is heavier than {BUDGET_BYTES // 1000} kB",
        kept=all(1000 * each["kB"] <= BUDGET_BYTES for each in found.pages),
    )
    shown.guarantee(f"a referral takes {MOST_PRESSES} presses at most", kept=found.presses <= MOST_PRESSES)
    return shown


async def run(url: str, rounds: int) -> Report:
    """Measure what runs at `url`, or a demonstration started for it."""
    if url:
        return report(await measure(url, rounds))
    async with demonstration() as started:
        return report(await measure(started, rounds))


def main(argv: Sequence[str]) -> int:
    """Print the figures; 1 when a guarantee is broken."""
    parser = argparse.ArgumentParser(prog="aiguillage bench pages", description=__doc__)
    parser.add_argument("--url", default="", help="an instance in demonstration mode that runs already")
    parser.add_argument("--quick", action="store_true", help="fewer patients")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    return asyncio.run(run(given.url, 10 if given.quick else 40)).finish(as_json=given.json)
