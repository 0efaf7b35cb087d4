"""What a coming day lacks is learnt from past days, asked for when it is needed, and no more than that."""

from dataclasses import replace

import numpy as np

from services.matching.engine.ahead.forecast import PastDay, learn
from services.matching.engine.ahead.tomorrow import Lack, lacking
from services.matching.engine.model import Point, Request, Slot, Urgency
from services.matching.lab.changes import Supposition, change_day, going_farther, with_slots_at
from services.matching.lab.comparing import compare
from services.matching.lab.days.day import Day

H = 3600
HERE, FAR = Point(46.5, 3.0), Point(46.5, 3.9)
TOMORROW_S = 10 * 86_400


def a_request(n: int, at_h: float, **more: object) -> Request:
    at = int(at_h * H)
    base = Request(f"r{n}", Urgency.P2, HERE, at, at + 4 * H, at, at)
    return replace(base, **more)  # type: ignore[arg-type]


def a_slot(n: int, at_h: float, day_s: int = 0) -> Slot:
    at = day_s + int(at_h * H)
    return Slot(f"s{n}", "gp", HERE, at, at + 900)


def past_days(count: int = 8) -> list[PastDay]:
    return [PastDay(0, tuple(a_request(n, 8.2) for n in range(10)), ()) for _ in range(count)]


def lack(slots: tuple[Slot, ...] = ()) -> Lack:
    return lacking(learn(past_days()), slots, TOMORROW_S, np.random.default_rng(1))


def test_slots_are_asked_for_in_the_hours_when_people_ask() -> None:
    found = lack()
    assert [block.from_s // H for block in found.blocks if block.to_open] == [8]
    assert (found.blocks[0].expected, found.mean_by_class) == (10, (0, 10, 0, 0))
    assert found.low <= 10 <= found.to_open <= 20
    assert found.professions == (("10", found.to_open),)


def test_every_slot_published_is_one_less_to_open_until_none_is() -> None:
    some = lack(tuple(a_slot(n, 9 + n / 4, TOMORROW_S) for n in range(5)))
    assert some.to_open == lack().to_open - 5
    assert some.blocks[0].published + some.blocks[1].published == 5
    assert lack(tuple(a_slot(n, 8.5 + n / 10, TOMORROW_S) for n in range(30))).to_open == 0


def test_the_same_past_gives_the_same_answer() -> None:
    assert lack() == lack()


def a_day() -> Day:
    requests = tuple(a_request(n, 8 + n / 10) for n in range(6))
    return Day("lundi", 0, 24 * H, requests, (a_slot(0, 9), a_slot(1, 10)), (0, 0))


def test_more_slots_in_a_commune_serve_more_people_within_the_day() -> None:
    before, after = compare(a_day(), Supposition(at=HERE, slots_at=3))
    assert sum(before.within_24_h) == 2
    assert sum(after.within_24_h) > sum(before.within_24_h)
    nothing, too_far = compare(a_day(), Supposition(at=FAR, slots_at=3))
    assert nothing.unserved == too_far.unserved


def test_slots_out_of_reach_serve_once_people_travel_farther() -> None:
    far = replace(a_day(), slots=(replace(a_slot(0, 11), point=FAR),), published_at_s=(0,))
    before, after = compare(far, Supposition(farther_s=3 * H))
    assert (sum(before.within_24_h), sum(after.within_24_h)) == (0, 1)
    assert going_farther(far, 60).requests[0].max_travel_s == far.requests[0].max_travel_s + 60


def test_added_slots_are_those_of_the_profession_asked_most_at_hours_people_work() -> None:
    day = replace(a_day(), requests=tuple(a_request(n, 8, professions=frozenset({"26"})) for n in range(3)))
    more = with_slots_at(day, HERE, 4).slots[2:]
    assert {slot.profession for slot in more} == {"26"}
    assert [slot.starts_at_s / H for slot in more] == [9, 11.25, 13.5, 15.75]
    assert change_day(day, Supposition(), np.random.default_rng(0)) == day
