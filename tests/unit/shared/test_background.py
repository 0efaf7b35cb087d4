"""Work behind a service."""

import asyncio

from structlog.testing import capture_logs

from shared.background import in_background


async def test_work_that_dies_is_seen_without_what_it_read() -> None:
    async def dies() -> None:
        raise ValueError("secret")

    with capture_logs() as logs:
        async with in_background(dies(), name="dying"):
            async with asyncio.timeout(5):
                while not logs:
                    await asyncio.sleep(0)
    assert logs == [{"event": "background_died", "step": "dying", "error": "ValueError", "log_level": "error"}]
