"""Writes each page as a picture, on a phone and on a desk, light and dark: `make screenshots` (ARGS is the folder)."""

import asyncio
import io
import sys
import tempfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser
from rich.console import Console

from services.cli.demo import DemoOptions, Stage, next_day
from services.cli.up import serving
from services.demo.days import at
from services.demo.seed import seed
from services.installation.starting import install
from services.installation.together import build
from shared.auth import Role
from shared.db.clock import PARIS
from shared.db.store.clock import set_clock
from shared.http import COOKIE
from shared.running.telemetry import configure_logging
from shared.settings import Settings
from tests.builders import owner
from tests.e2e.browser import DESK, PHONE, chromium, screen
from tests.e2e.pictures import MARSEILLE, PICTURES, Picture, give_back
from tests.processes import free_port

SEED = 1
SPEED = 150
UNTIL = time(11, 5)
"""When the clock stops: half of the morning's patients are served, some wait, the afternoon is still to be shared."""


async def play(here: Settings, data: Path, port: int) -> datetime:
    """The same hours of two days, so that there is a yesterday; the instant when the clock stopped."""
    for _ in range(2):
        async with owner(here) as session:
            day = await next_day(session)
        stage = Stage(here, DemoOptions(data, port, SPEED, SEED, 1, flu=True), Console(file=io.StringIO()))
        told = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stage.play_one_day(told))
            tasks.create_task(_tell(stage, day, told))
    async with owner(here) as session:
        await set_clock(session, shows=at(day, UNTIL), speed=1)
    return at(day, UNTIL)


async def _tell(stage: Stage, day: date, told: asyncio.Event) -> None:
    """Say stop when the clock of the stage shows the hour."""
    while (now := stage.clock.now()) < at(day, UNTIL) or now.astimezone(PARIS).date() != day:
        await asyncio.sleep(0.2)
    told.set()


class Signed:
    """The demonstration's people, each signed in once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cards: list[dict[str, str]] = []
        self.tokens: dict[str, str] = {}

    async def token(self, role: Role, territory: str) -> str:
        """The session of the account of a role in a territory."""
        async with httpx.AsyncClient(base_url=self.url, headers={"origin": self.url}, timeout=30) as client:
            self.cards = self.cards or (await client.get("/availability/session/demo")).raise_for_status().json()
            card = next(each for each in self.cards if each["role"] == role and territory in each["label"])
            if card["label"] not in self.tokens:
                entered = await client.post(f"/availability/session/demo/{card['account_id']}")
                self.tokens[card["label"]] = entered.raise_for_status().cookies[COOKIE]
        return self.tokens[card["label"]]

    async def act(self, role: Role, method: str, path: str, body: Any, territory: str = MARSEILLE) -> Any:
        """Someone does one thing through the JSON interface; what was answered."""
        cookies = {COOKIE: await self.token(role, territory)}
        async with httpx.AsyncClient(
            base_url=self.url, cookies=cookies, headers={"origin": self.url}, timeout=60
        ) as client:
            answer = await client.request(method, path, json=body)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.text}")
        return answer.json() if answer.content else None


async def prepare(people: Signed) -> None:
    """What the morning does not bring by itself: a round of family doctors, one more patient asked for, a change."""
    await people.act(Role.COORDINATOR, "POST", "/matching/attachment-rounds", {"cpts_id": "139999901"})


async def shoot(browser: Browser, people: Signed, folder: Path, wanted: tuple[Picture, ...]) -> None:
    """Every page, at both widths, in both colours."""
    for picture in wanted:
        for width in (PHONE, DESK):
            token = await people.token(picture.role, picture.territory) if picture.role else None
            async with screen(browser, people.url, picture.path, token, width=width, live=picture.live) as shown:
                await shown.page.wait_for_load_state("networkidle")
                await picture.steps(shown.page)
                for colours in ("light", "dark"):
                    await shown.page.emulate_media(color_scheme=colours, reduced_motion="reduce")
                    await shown.page.wait_for_timeout(300)
                    await shown.page.screenshot(path=folder / f"{picture.name}-{width}-{colours}.png")
                await give_back(shown.page)
                # A browser says aloud that something was refused or is not there; here that is the picture.
                shown.faults.clear()


async def main(folder: Path, names: tuple[str, ...]) -> None:
    """Start everything, take the pictures, stop everything."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = tuple(each for each in PICTURES if not names or each.name in names)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="aiguillage-shots-") as temporary:
        data = Path(temporary)
        data.chmod(0o755)
        async with install(data / "data", port=port, demo=True) as here, chromium() as browser:
            with (data / "services.log").open("w") as log:
                configure_logging(log)
                await seed(here.settings, SEED, print)
                await play(here.settings, data, port)
                async with serving(build(here.settings), host="127.0.0.1", port=port):
                    people = Signed(here.settings.public_url)
                    await prepare(people)
                    await shoot(browser, people, folder, wanted)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "data/screenshots"), tuple(sys.argv[2:])))
