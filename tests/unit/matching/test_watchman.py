"""When a round has something to decide: what came due since the last one did."""

from datetime import timedelta

from services.matching.sameday.round import Board, Watchman
from services.matching.sameday.store.tables import RequestRow
from tests.unit.matching.test_service_deciding import NOW, PARAMETERS, a_row


def board(*rows: RequestRow, minutes: float) -> Board:
    """What a round reads so many minutes after `NOW`."""
    return Board(rows=list(rows), parameters=PARAMETERS, now=NOW + timedelta(minutes=minutes), seq=1)


def test_what_came_due_before_a_round_saw_it_is_still_to_be_decided() -> None:
    watchman = Watchman("990000001", decided_at=NOW)
    assert watchman.nothing_due(board(minutes=41), ())
    assert watchman.nothing_due(board(a_row(), minutes=9), ())
    assert not watchman.nothing_due(board(a_row(), minutes=41), ())


def test_a_request_that_was_left_alone_is_decided_about_once_it_no_longer_is() -> None:
    row = a_row()
    watchman = Watchman("990000001", decided_at=NOW + timedelta(minutes=20), alone={row.id})
    assert watchman.nothing_due(board(row, minutes=21), {row.id})
    assert not watchman.nothing_due(board(row, minutes=21), ())


def test_a_clock_that_went_back_has_everybody_decided_about_again() -> None:
    watchman = Watchman("990000001", decided_at=NOW)
    assert not watchman.nothing_due(board(minutes=-1.5), ())
