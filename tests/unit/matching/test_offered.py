"""Why a slot is not proposed: each rule tallied over who waits."""

from dataclasses import replace

from services.matching.engine.model import (
    Blocker,
    Instance,
    Mode,
    Point,
    Practitioner,
    Request,
    Slot,
    SlotType,
    Urgency,
)
from services.matching.engine.sameday.offered import check_offer

NOW = 1_000_000
HERE, FAR = Point(45.75, 4.85), Point(46.75, 4.85)
SLOT = Slot("s", "g", HERE, NOW + 7200, NOW + 8100, cpts=frozenset({"A"}))
REQUEST = Request("r", Urgency.P2, HERE, NOW, NOW + 10_000, NOW, NOW, cpts="A")
ASKERS = {"regulator": frozenset(SlotType), "pharmacist": frozenset({SlotType.PRO})}


def test_a_slot_that_suits_everybody_has_nothing_against_it() -> None:
    found = check_offer(Instance(NOW, (REQUEST,), (SLOT,)), SLOT, {"regulator": ASKERS["regulator"]}, "A")
    assert (found.waiting, found.suits, found.askers) == (1, 1, (("regulator", ()),))
    assert not any(each.blocked for each in found.tallies)


def test_each_rule_counts_whom_it_keeps_away_and_whom_it_alone_does() -> None:
    remote = replace(REQUEST, id="v", modes=frozenset({Mode.VR}))
    both = replace(remote, id="b", age=3)
    grown = replace(SLOT, min_age=16)
    found = check_offer(
        Instance(NOW, (REQUEST, remote, both, replace(REQUEST, id="f", point=FAR)), (grown,)), grown, {}, "A"
    )
    tallies = {each.blocker: (each.blocked, each.alone, each.wanted) for each in found.tallies if each.blocked}
    assert tallies == {
        Blocker.MODE: (2, 1, "VR"),
        Blocker.AGE: (1, 0, ""),
        Blocker.DISTANCE: (1, 1, ""),
    }
    assert found.suits == 1


def test_a_full_slot_is_taken_for_everybody_and_judged_as_if_it_were_not() -> None:
    full = replace(SLOT, places=0)
    paused = Practitioner("g", paused=True)
    found = check_offer(Instance(NOW, (REQUEST,), (), (paused,)), full, ASKERS, "A")
    assert {each.blocker: each.blocked for each in found.tallies if each.blocked} == {
        Blocker.TAKEN: 1,
        Blocker.PAUSED: 1,
    }
    assert dict(found.askers)["pharmacist"] == (Blocker.PAUSED, Blocker.TAKEN, Blocker.VISIBILITY)
