"""Which slots that are about to go back stay on offer."""

from dataclasses import replace

import pytest

from services.matching.engine.ahead.forecast import Forecast
from services.matching.engine.model import Instance, Parameters, Point, Request, Slot, Urgency
from services.matching.sameday.app.round.wanting import could_be_taken, expect_urgent, find_wanted, hours_between

HOUR_S = 3600


def slot(name: str, hour: float, **more: object) -> Slot:
    start = int(hour * HOUR_S)
    plain = Slot(id=name, practitioner="d", point=Point(44.5, 3.5), starts_at_s=start, ends_at_s=start + 900, places=1,
                 profession="10", cpts=frozenset({"990000001"}))  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


def asks(**more: object) -> Request:
    plain = Request(
        id="r", urgency=Urgency(1), point=Point(44.5, 3.5), earliest_at_s=8 * HOUR_S, deadline_at_s=20 * HOUR_S,
        submitted_at_s=8 * HOUR_S, answer_by_at_s=8 * HOUR_S, cpts="990000001", professions=frozenset({"10"}), age=6,
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


def at_eight(requests: tuple[Request, ...], *slots: Slot) -> Instance:
    return Instance(now_at_s=8 * HOUR_S, requests=requests, slots=slots, practitioners=(), parameters=Parameters())


def test_a_slot_that_someone_who_waits_could_take_stays() -> None:
    due = slot("due", 9)
    assert could_be_taken(at_eight((asks(),), due), due)
    assert find_wanted(at_eight((asks(),), due), [due], 0) == {"due"}


@pytest.mark.parametrize(
    "more",
    [{"deadline_at_s": 8 * HOUR_S + 60}, {"professions": frozenset({"60"})}, {"point": Point(48.8, 2.3)},
     {"forbidden": frozenset({"due"})}],
    ids=["too late", "another profession", "too far", "refused by the patient"],
)  # fmt: skip
def test_a_slot_that_nobody_who_waits_could_take_goes(more: dict[str, object]) -> None:
    due = slot("due", 9)
    assert find_wanted(at_eight((asks(**more),), due), [due], 0) == set()


def test_those_about_to_ask_keep_as_many_as_they_need_and_the_others_serve_first() -> None:
    due = [slot("later", 10), slot("soon", 9)]
    assert find_wanted(at_eight((), *due), due, 0.4) == set()
    assert find_wanted(at_eight((), *due), due, 0.6) == {"soon"}
    assert find_wanted(at_eight((), *due), due, 2.2) == {"soon", "later"}
    other, much_later = slot("other", 9.5), slot("much later", 15)
    assert find_wanted(at_eight((), *due, other, much_later), due, 1.0) == set()


def test_the_hours_of_a_day_between_two_instants() -> None:
    assert hours_between(8 * HOUR_S + 1800, 10 * HOUR_S + 900, 0) == [(8, 0.5), (9, 1.0), (10, 0.25)]
    assert hours_between(HOUR_S, HOUR_S, 0) == []


def test_who_is_about_to_ask_is_counted_hour_by_hour() -> None:
    urgent, later = asks(), asks(urgency=Urgency(4))
    forecast = Forecast(
        days=2, seen_requests={(1, 9): (urgent,) * 3, (2, 9): (urgent,), (4, 9): (later,) * 8}, seen_slots={}
    )
    assert expect_urgent(forecast, 1.5, [(9, 0.5), (10, 1.0)]) == 1.5 * 0.5 * 4 / 2
