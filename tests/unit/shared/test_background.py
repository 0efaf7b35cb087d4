"""Work behind a service."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from shared.db.doorbell import Doorbell
from shared.running.background import Background, ring_work


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn until something is so."""
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.001)


async def test_work_that_dies_is_seen_without_what_it_read() -> None:
    async def dies() -> None:
        raise ValueError("secret")

    background = Background(first_pause_s=60)
    with capture_logs() as logs:
        async with background.keeping("dying", dies):
            await until(lambda: bool(background.down))
    assert logs == [{"event": "background_died", "step": "dying", "error": "ValueError", "log_level": "error"}]
    assert background.down == {"dying": "ValueError"}


async def test_work_that_died_begins_again_and_is_well_once_it_holds() -> None:
    lives, deaths_left = 0, 3

    async def dies_three_times() -> None:
        nonlocal lives, deaths_left
        lives += 1
        if deaths_left:
            deaths_left -= 1
            raise KeyError
        await asyncio.Event().wait()

    background = Background(first_pause_s=0.001)
    async with background.keeping("stubborn", dies_three_times):
        await until(lambda: lives == 4)
        await until(lambda: not background.down)
    assert lives == 4


async def test_work_that_is_cancelled_from_within_is_dead_too() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    background = Background(first_pause_s=60)
    async with background.keeping("cancelled", cancelled):
        await until(lambda: background.down == {"cancelled": "CancelledError"})


async def test_work_that_ends_by_itself_is_not_begun_again() -> None:
    times = 0

    async def ends() -> None:
        nonlocal times
        times += 1

    background = Background(first_pause_s=0.001)
    async with background.keeping("ending", ends):
        await until(lambda: times == 1)
        await asyncio.sleep(0)
    assert (times, background.down) == (1, {})


async def test_tasks_begun_later_end_with_the_context() -> None:
    ended = asyncio.Event()

    async def works() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with Background().running() as start:
        start("late", works)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert ended.is_set()


@pytest.fixture
async def bell() -> Doorbell:
    """A doorbell of this process alone."""
    return Doorbell("redis://127.0.0.1:1", prefix="test")


async def test_a_database_that_is_away_is_waited_for(bell: Doorbell) -> None:
    turns = 0

    async def work() -> bool:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise ConnectionRefusedError
        return False

    background = Background()
    with capture_logs() as logs:
        async with background.keeping("waiting", ring_work(bell, "stream", work, waits="it_waits", every_s=0.001)):
            await until(lambda: turns == 2)
    assert ([line["event"] for line in logs], background.down) == (["it_waits"], {})


async def test_what_the_database_refuses_is_no_waiting(bell: Doorbell) -> None:
    async def work() -> bool:
        raise IntegrityError("insert", None, ValueError("broken rule"))

    background = Background(first_pause_s=60)
    async with background.keeping("refused", ring_work(bell, "stream", work, waits="it_waits")):
        await until(lambda: background.down == {"refused": "IntegrityError"})


async def test_work_that_loses_the_order_to_end_is_told_again() -> None:
    begun = asyncio.Event()
    lost: list[str] = []

    async def connects() -> None:
        begun.set()
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append("once")

    async with asyncio.timeout(30):
        async with Background(first_pause_s=60).keeping("connecting", connects):
            await begun.wait()
    assert lost == ["once"]
