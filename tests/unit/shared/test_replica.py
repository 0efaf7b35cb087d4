"""The following side of the live protocol."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.events import Event, apply
from shared.live.follow import Gap, Replica

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def event(seq: int, key: str, value: dict[str, Any] | None) -> dict[str, Any]:
    return {"seq": seq, **Event(type="t.v1", at=AT, collection="slots", id=key, value=value).model_dump(mode="json")}


def batch(after: int, *events: dict[str, Any], epoch: str = "e", seq: int | None = None) -> dict[str, Any]:
    return {"epoch": epoch, "after": after, "seq": seq or after + len(events), "events": list(events)}


def test_applying_an_event_twice_is_applying_it_once() -> None:
    state: dict[str, dict[str, Any]] = {}
    for _ in range(2):
        apply(state, event(1, "a", {"taken": 1}))
    assert state == {"slots": {"a": {"taken": 1}}}
    for _ in range(2):
        apply(state, event(2, "a", None))
    assert state == {"slots": {}}


def test_a_batch_that_continues_is_applied_and_moves_the_position() -> None:
    replica = Replica("c", epoch="e", seq=4)
    told = replica.take(batch(4, event(5, "a", {}), event(6, "b", {})))
    assert [each["seq"] for each in told] == [5, 6]
    assert replica.seq == 6
    assert set(replica.state["slots"]) == {"a", "b"}


def test_what_was_already_applied_is_not_told_again() -> None:
    replica = Replica("c", epoch="e", seq=5)
    assert replica.take(batch(4, event(5, "a", {}), event(6, "b", {}))) == [event(6, "b", {})]


def test_hidden_events_leave_no_gap() -> None:
    replica = Replica("c", epoch="e", seq=4)
    assert replica.take(batch(4, seq=9)) == []
    assert replica.seq == 9


@pytest.mark.parametrize(
    "message",
    [batch(6, event(7, "a", {})), batch(4, event(5, "a", {}), epoch="other"), {"reset": "history"}],
    ids=["a missing batch", "another history", "told to reset"],
)
def test_a_stream_that_does_not_continue_is_a_gap(message: dict[str, Any]) -> None:
    replica = Replica("c", epoch="e", seq=4)
    with pytest.raises(Gap):
        replica.take(message)
    assert replica.state == {}
