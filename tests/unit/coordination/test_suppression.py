"""No sum and no filter gives a small count away: every masked table is attacked with all that it shows."""

from itertools import product
from random import Random  # noqa: TID251  Hypothesis draws by it

from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from services.coordination.core.suppression import LEAST, in_fives, suppress, tell, with_sums

TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 14), min_size=width, max_size=width), min_size=1, max_size=5)
)


def most_possible(shown: list[list[int | None]], at: tuple[int, int]) -> int:
    """The largest count that a hidden cell may have had, for one who sees the rest and knows that 0 is always shown."""
    model = cp_model.CpModel()
    cells = {
        (y, x): model.new_int_var(1, 10_000, "") if count is None else model.new_constant(count)
        for y, row in enumerate(shown)
        for x, count in enumerate(row)
    }
    height, width = len(shown), len(shown[0])
    for y in range(height):
        model.add(sum(cells[y, x] for x in range(width - 1)) == cells[y, width - 1])
    for x in range(width):
        model.add(sum(cells[y, x] for y in range(height - 1)) == cells[height - 1, x])
    model.maximize(cells[at])
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    return int(solver.objective_value)


@given(TABLES)
@settings(max_examples=60, deadline=None)
def test_a_small_count_may_always_have_been_a_large_one(table: list[list[int]]) -> None:
    full, shown = with_sums(table), suppress(table)
    for y, x in product(range(len(full)), range(len(full[0]))):
        if 0 < full[y][x] < LEAST:
            assert shown[y][x] is None
            assert most_possible(shown, (y, x)) >= LEAST
        elif shown[y][x] is not None:
            assert shown[y][x] == full[y][x]


@given(TABLES)
@settings(max_examples=100, deadline=None)
def test_what_is_nothing_is_told_and_large_tables_are_told_whole(table: list[list[int]]) -> None:
    shown = suppress(table)
    full = with_sums(table)
    assert all(shown[y][x] == 0 for y, row in enumerate(full) for x, count in enumerate(row) if count == 0)
    large = [[count + LEAST for count in row] for row in table]
    assert suppress(large) == with_sums(large)


def test_the_cheapest_count_goes_with_a_small_one() -> None:
    assert suppress([[3, 20, 9], [30, 40, 50]]) == [
        [None, 20, None, 32],
        [None, 40, None, 120],
        [33, 60, 59, 152],
    ]


@given(TABLES.flatmap(lambda one: st.tuples(st.just(one), st.just(one))), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_difference_of_two_periods_gives_no_small_count_away(
    pair: tuple[list[list[int]], list[list[int]]], draw: Random
) -> None:
    """A month, and two months that hold it: what is told of both leaves the other month more than one count."""
    month, more = pair[0], [[draw.randint(0, 4) for _ in row] for row in pair[1]]
    both = [[one + other for one, other in zip(*rows, strict=True)] for rows in zip(month, more, strict=True)]
    told, told_both = tell(month), tell(both)
    for y, x in product(range(len(month)), range(len(month[0]))):
        one, two = told[y][x], told_both[y][x]
        if one is not None and two is not None and 0 < more[y][x] < LEAST:
            counts = [
                other
                for other in range(2 * LEAST)
                if any(in_fives(first) == one and in_fives(first + other) == two for first in range(60))
            ]
            assert len(counts) > 1
            assert more[y][x] in counts
