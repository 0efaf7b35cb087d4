"""Figures are computed once per change, however many look at them."""

import asyncio

import pytest

from shared.running.kept import Kept


async def test_an_answer_is_computed_once_for_a_stamp_however_many_ask_at_once() -> None:
    kept, counted, gate = Kept[int](), [], asyncio.Event()

    async def compute() -> int:
        counted.append(1)
        await gate.wait()
        return len(counted)

    asking = [asyncio.create_task(kept("a", 1, compute)) for _ in range(20)]
    await asyncio.sleep(0)
    asking.pop().cancel()
    gate.set()
    assert await asyncio.gather(*asking) == [1] * 19
    assert await kept("a", 1, compute) == 1
    assert await kept("a", 2, compute) == 2
    assert await kept("b", 2, compute) == 3


async def test_an_answer_that_failed_is_not_kept() -> None:
    kept, fails = Kept[int](), [True]

    async def compute() -> int:
        if fails.pop():
            raise RuntimeError("away")
        return 7

    with pytest.raises(RuntimeError):
        await kept("a", 1, compute)
    fails.append(False)
    assert await kept("a", 1, compute) == 7
