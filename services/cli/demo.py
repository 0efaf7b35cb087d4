"""`aiguillage demo`: starts everything, plays one day after another, shows it, and stops within 3 s of Ctrl-C."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import httpx
from rich.console import Console
from rich.live import Live
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.cli.up import serving, until_told
from services.demo.board import Watched, board, picture
from services.demo.days import CLOSES, OPENS, at, draw_demo_day
from services.demo.people import draw_people
from services.demo.play import ASKS_AS, Actors, Player
from services.demo.register import draw_room, draw_seekers
from services.demo.seed import seed
from services.demo.territories import TERRITORIES, DemoTerritory
from services.installation.starting import Installation, install
from services.installation.together import build
from shared.auth import admit_machine
from shared.db import Scope, engine_for, run, set_scope
from shared.db.clock import PARIS, Clock, read_clock
from shared.db.store.clock import set_clock
from shared.live.follow import Replica, follow
from shared.outside.trust import authorities
from shared.running.telemetry import configure_logging
from shared.settings import Settings

MACHINE = "demo"
FRAMES_A_SECOND = 4
SATURDAY = 5
GET_READY_S = 2


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line says. `days` 0: until Ctrl-C."""

    data_dir: Path
    port: int
    speed: float
    seed: int
    days: int
    flu: bool
    picture: Path | None = None


class DayOver(Exception):
    """Ends everything that plays a day."""


async def demo(options: DemoOptions, say: Callable[[str], None]) -> None:
    """Play until told to stop."""
    async with until_told() as told, install(options.data_dir, port=options.port, demo=True) as here:
        with _log_file(options.data_dir) as log:
            # The board owns the terminal: what the services log goes to a file.
            configure_logging(log)
            await seed(here.settings, options.seed, say)
            await _tell_where(here, say)
            played = 0
            while not told.is_set() and (options.days == 0 or played < options.days):
                await Stage(here.settings, options, Console()).play_one_day(told)
                played += 1
    say(f"Arrêté. Les données restent dans {options.data_dir}.")


@dataclass(slots=True)
class Stage:
    """One day: the services, who plays, and the board."""

    settings: Settings
    options: DemoOptions
    console: Console
    clock: Clock = field(default_factory=Clock)

    async def play_one_day(self, told: asyncio.Event) -> None:
        """Serve and play the next working day until it closes, or until told to stop."""
        day = await self._set_the_clock()
        try:
            async with (
                serving(build(self.settings), host="127.0.0.1", port=self.options.port) as running,
                AsyncExitStack() as stack,
                asyncio.TaskGroup() as tasks,
            ):
                watched = [await self._watch(each, day, stack, tasks) for each in TERRITORIES]
                tasks.create_task(self._show(watched))
                over = tasks.create_task(_until(self.clock, at(day, CLOSES)))
                order = tasks.create_task(told.wait())
                await asyncio.wait({over, order, running}, return_when=asyncio.FIRST_COMPLETED)
                if self.options.picture:
                    picture(watched, self.clock, self.settings.public_url, self.options.picture)
                raise DayOver  # noqa: TRY301 - it is what cancels the others
        except* DayOver:
            pass

    async def _set_the_clock(self) -> date:
        async with _owner_session(self.settings) as session:
            day = await next_day(session)
            # The services take that long to start, on the machine's clock.
            early = timedelta(seconds=GET_READY_S * self.options.speed)
            await set_clock(session, shows=at(day, OPENS) - early, speed=self.options.speed)
            await admit_machine(session, MACHINE, self.settings.machine_token(MACHINE), ["*"])
            self.clock = await read_clock(session)
        return day

    async def _watch(
        self, territory: DemoTerritory, day: date, stack: AsyncExitStack, tasks: asyncio.TaskGroup
    ) -> Watched:
        """Follow both services, and play the day of one territory."""
        actors = await self._actors(stack, territory)
        motives = (await actors.machine.get("/matching/motives")).raise_for_status().json()
        labels = {motive["code"]: motive["label"] for motive in motives}
        watched = Watched(territory, Replica(territory.finess), Replica(territory.finess), actors.refused, labels)
        player = Player(territory, self.clock, actors, watched.requests, tasks)

        async def on_requests(replica: Replica, events: list[dict[str, Any]]) -> None:
            await watched.note(replica, events)
            await player.follow_up(replica, events)

        tasks.create_task(follow(await self._machine(stack, "/availability"), watched.slots, watched.note))
        tasks.create_task(follow(await self._machine(stack, "/matching"), watched.requests, on_requests))
        seed = self.options.seed
        people = draw_people(territory, seed)
        await player.register(draw_room(territory, people, seed), draw_seekers(territory, seed))
        tasks.create_task(player.play(draw_demo_day(territory, people, day, seed, flu=self.options.flu)))
        return watched

    async def _actors(self, stack: AsyncExitStack, territory: DemoTerritory) -> Actors:
        """The machine, and one person signed in by role."""
        machine = await self._machine(stack)
        url = self.settings.public_url
        people: dict[str, httpx.AsyncClient] = {}
        for card in (await machine.get("/availability/session/demo")).raise_for_status().json():
            if card["role"] in ASKS_AS.values() and f"({territory.short})" in card["label"]:
                person = httpx.AsyncClient(base_url=url, headers={"Origin": url}, timeout=10, verify=authorities())
                people[card["role"]] = await stack.enter_async_context(person)
                (await person.post(f"/availability/session/demo/{card['account_id']}")).raise_for_status()
        return Actors(machine, people)

    async def _machine(self, stack: AsyncExitStack, path: str = "") -> httpx.AsyncClient:
        token = {"Authorization": f"Bearer {self.settings.machine_token(MACHINE)}"}
        client = httpx.AsyncClient(
            base_url=self.settings.public_url + path, headers=token, timeout=10, verify=authorities()
        )
        return await stack.enter_async_context(client)

    async def _show(self, watched: list[Watched]) -> None:
        """Redraw the board; without a terminal, print each event once."""
        if not self.console.is_terminal:
            await self._print_events(watched)
        with Live(console=self.console, auto_refresh=False) as screen:
            while True:
                screen.update(board(watched, self.clock, self.settings.public_url, self.console.size), refresh=True)
                await asyncio.sleep(1 / FRAMES_A_SECOND)

    async def _print_events(self, watched: list[Watched]) -> None:
        while True:
            for each in watched:
                while each.unread:
                    instant, line = each.unread.popleft()
                    self.console.print(f"{instant.astimezone(PARIS):%H:%M} {each.territory.short} {line}")
            await asyncio.sleep(1 / FRAMES_A_SECOND)


async def next_day(session: AsyncSession) -> date:
    """The working day after the last one that was played; the first time, the Monday that comes."""
    await set_scope(session, Scope(frozenset({"*"})))
    last: datetime | None = (await run(session, text("select max(starts_at) from availability.slot"))).scalar_one()
    if last is None:
        today = Clock().now().astimezone(PARIS).date()
        return today + timedelta(days=7 - today.weekday())
    following = last.astimezone(PARIS).date() + timedelta(days=1)
    weekend = following.weekday() >= SATURDAY
    return following + timedelta(days=7 - following.weekday() if weekend else 0)


async def _tell_where(here: Installation, say: Callable[[str], None]) -> None:
    url = here.settings.public_url
    say(f"Ouvrez {url} (l'API : {url}/availability/openapi.json et {url}/matching/openapi.json).")
    async with _owner_session(here.settings) as session:
        labels = (await run(session, text("select label from common.account where demo order by label"))).scalars()
        say("Comptes de démonstration, un clic suffit : " + " ; ".join(labels))
    if here.warning:
        say(here.warning)


async def _until(clock: Clock, instant: datetime) -> None:
    await asyncio.sleep(clock.real_s(instant - clock.now()))


@asynccontextmanager
async def _owner_session(settings: Settings) -> AsyncIterator[AsyncSession]:
    engine = engine_for(settings.database_url.get_secret_value(), name=MACHINE)
    try:
        async with AsyncSession(engine) as session, session.begin():
            yield session
    finally:
        await engine.dispose()


def _log_file(data_dir: Path) -> TextIO:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return (data_dir / "services.log").open("a")
