"""What a committee is told of a period: counts, none that could be somebody, none that another would give away."""

from hypothesis import given
from hypothesis import strategies as st

from services.matching.exports.review import LEAST, ReviewPart, hide_small


def parts(*counts: int) -> list[ReviewPart]:
    return [ReviewPart(of=str(n), asked=count, served=count, within_48_h=0, lost=0) for n, count in enumerate(counts)]


@given(st.lists(st.integers(1, 40), max_size=12))
def test_no_count_under_the_least_is_told_nor_the_only_one_that_is_missing(counts: list[int]) -> None:
    told = [part.asked for part in hide_small(parts(*counts), LEAST)]
    assert all(count is None or count >= LEAST for count in told)
    missing = told.count(None)
    assert missing != 1 or len(told) == 1
    assert missing == 0 or any(count < LEAST for count in counts)


def test_who_is_left_when_a_count_is_taken_from_the_whole_is_not_told_either() -> None:
    (part,) = hide_small([ReviewPart(of="P1", asked=8, served=6, within_48_h=8, median_s=60, lost=2)], LEAST)
    assert (part.asked, part.served, part.within_48_h, part.lost, part.median_s) == (8, None, 8, None, None)


def test_a_coordinator_is_told_everything() -> None:
    assert [part.asked for part in hide_small(parts(1, 2, 9), 0)] == [1, 2, 9]
