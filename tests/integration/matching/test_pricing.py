"""The prices of a board are kept while it is the same, and are those of the board as it is."""

from dataclasses import replace

from services.matching.engine.sameday.recommend import options
from services.matching.sameday.edges.pricing import SAME_MOMENT_S, Pricing
from services.matching.sameday.edges.solver import Solver
from tests.bench.engine.territories import territory


async def test_who_calls_next_is_answered_without_the_solver_and_the_same_as_with_it() -> None:
    whole = territory(20, 60, 40, seed=11)
    callers = whole.requests[:4]
    board = replace(whole, requests=whole.requests[4:], now_at_s=whole.now_at_s // SAME_MOMENT_S * SAME_MOMENT_S)
    solver = Solver()
    pricing = Pricing(solver)
    async with solver.running():
        first = await pricing.options("one", board, callers[0], 5, None, "straight")
    assert first == options(board, callers[0])
    later = replace(board, now_at_s=board.now_at_s + SAME_MOMENT_S - 1)
    for caller in callers:
        assert await pricing.options("one", later, caller, 5, None, "straight") == options(later, caller)


async def test_a_board_that_changed_is_priced_anew() -> None:
    whole = territory(20, 40, 60, seed=12)
    caller = next(each for each in whole.requests if len(options(whole, each)) >= 3)
    board = replace(whole, requests=tuple(each for each in whole.requests if each != caller))
    pricing = Pricing(solver := Solver())
    changed = (
        replace(board, requests=board.requests[20:]),
        replace(board, slots=board.slots[10:]),
        replace(board, now_at_s=board.now_at_s + SAME_MOMENT_S),
        replace(board, parameters=replace(board.parameters, fairness_beta_s=900)),
        replace(board, practitioners=tuple(replace(each, served_4_weeks=0) for each in board.practitioners)),
    )
    async with solver.running():
        for each in (board, *changed):
            assert await pricing.options("one", each, caller, 5, None, "straight") == options(each, caller)
        assert len({options(each, caller) for each in (board, *changed)}) > 3
