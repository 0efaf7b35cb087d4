"""The floor of a log: from where a reader may still resume."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.events import Event
from shared.db import engine_for
from shared.settings import Settings
from tests.live.probe import OUTBOX, prepare

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def event(n: int) -> Event:
    """One change of a thing."""
    return Event(type="thing_changed.v1", at=AT, collection="things", id="a", value={"n": n})


@pytest.fixture
async def sessions(settings: Settings) -> AsyncIterator[tuple[AsyncSession, AsyncSession]]:
    """Two connections to the probe's database."""
    await prepare(settings)
    engine = engine_for(settings.database_url.get_secret_value(), name="probe")
    async with AsyncSession(engine) as one, AsyncSession(engine) as other:
        yield one, other
    await engine.dispose()


async def test_a_stream_whose_first_event_comes_while_its_floor_is_read_can_be_read_from_its_start(
    sessions: tuple[AsyncSession, AsyncSession],
) -> None:
    reader, writer = sessions

    async def begin(cpts_id: str) -> None:
        async with writer.begin():
            await OUTBOX.append(writer, [cpts_id], event(1))

    for n in range(150):
        cpts_id = f"{n:09}"
        async with reader.begin():
            assert (await OUTBOX.position(reader, cpts_id)).seq == 0
        beginning = asyncio.create_task(begin(cpts_id))
        while not beginning.done():
            async with reader.begin():
                assert await OUTBOX.floor(reader, cpts_id) == 0


async def test_the_floor_follows_what_was_forgotten(sessions: tuple[AsyncSession, AsyncSession]) -> None:
    session, _ = sessions
    async with session.begin():
        assert await OUTBOX.floor(session, "1") == 0
        for n in range(3):
            await OUTBOX.append(session, ["1"], event(n))
        assert await OUTBOX.floor(session, "1") == 0
        await OUTBOX.prune(session, "1", datetime(2026, 11, 23, tzinfo=UTC))
        assert await OUTBOX.floor(session, "1") == 3
