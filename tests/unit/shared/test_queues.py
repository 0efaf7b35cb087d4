"""One after another for each thing, and nothing kept of what nobody waits for."""

import asyncio

import pytest

from shared.running.queues import Queues


async def test_who_wants_the_same_thing_comes_in_order_and_others_do_not_wait() -> None:
    queues, done = Queues[str](), []
    first, gate = asyncio.Event(), asyncio.Event()

    async def take(thing: str, name: str) -> None:
        async with queues.take_turn(thing):
            if name == "a1":
                first.set()
                await gate.wait()
            done.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(take("a", "a1"))
        await first.wait()
        for name in ("a2", "a3"):
            group.create_task(take("a", name))
        await take("b", "b1")
        gate.set()
    assert done == ["b1", "a1", "a2", "a3"]
    assert queues.waited_for == 0


async def test_whoever_fails_lets_the_next_one_come() -> None:
    queues = Queues[str]()
    with pytest.raises(ValueError, match="no"):
        async with queues.take_turn("a"):
            raise ValueError("no")
    async with queues.take_turn("a"):
        assert queues.waited_for == 1


async def test_what_one_saw_is_shown_to_those_who_had_come_by_then_and_to_nobody_later() -> None:
    queues, shown = Queues[str](), []
    looked = asyncio.Event()

    async def look() -> None:
        async with queues.take_turn("a") as place:
            await asyncio.sleep(0)  # the second one comes
            place.line.show(place.line.came, "seen")
            looked.set()
            await asyncio.sleep(0)  # the third one comes

    async def use() -> None:
        async with queues.take_turn("a") as place:
            shown.append(place.shown)

    async with asyncio.TaskGroup() as group:
        group.create_task(look())
        group.create_task(use())
        await looked.wait()
        group.create_task(use())
    assert shown == ["seen", None]
    async with queues.take_turn("a") as place:
        assert place.shown is None
