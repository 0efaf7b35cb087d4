"""The hard rules, one refusal at a time."""

from dataclasses import replace

import pytest

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
from services.matching.engine.sameday.rules import blockers

NOW = 1_000_000
HERE, NEAR, FAR = Point(45.75, 4.85), Point(45.80, 4.85), Point(46.75, 4.85)
SLOT = Slot("s", "g", NEAR, NOW + 7200, NOW + 8100, cpts=frozenset({"A"}))
REQUEST = Request("r", Urgency.P2, HERE, NOW, NOW + 10_000, NOW, NOW, cpts="A")
HOUSEHOLD = replace(REQUEST, party=2)


def why(request: Request, slot: Slot, practitioner: Practitioner | None = None) -> set[Blocker]:
    practitioner = practitioner or Practitioner("g")
    return set(blockers(Instance(NOW, (request,), (slot,), (practitioner,)), request, slot))


def test_a_slot_within_every_limit_has_no_blocker() -> None:
    assert why(REQUEST, SLOT) == set()


@pytest.mark.parametrize(
    ("request_", "slot", "expected"),
    [
        (REQUEST, replace(SLOT, profession="60"), Blocker.PROFESSION),
        (replace(REQUEST, act="suture"), replace(SLOT, acts=frozenset({"plaster"})), Blocker.ACT),
        (replace(REQUEST, age=4), replace(SLOT, min_age=16), Blocker.AGE),
        (REQUEST, replace(SLOT, modes=frozenset({Mode.VR})), Blocker.MODE),
        (REQUEST, replace(SLOT, starts_at_s=NOW + 10_001), Blocker.WINDOW),
        (REQUEST, replace(SLOT, starts_at_s=NOW - 1), Blocker.WINDOW),
        (replace(REQUEST, earliest_at_s=NOW + 7201), SLOT, Blocker.WINDOW),
        (REQUEST, replace(SLOT, point=FAR), Blocker.DISTANCE),
        (replace(REQUEST, on_foot=True), SLOT, Blocker.DISTANCE),
        (REQUEST, replace(SLOT, cpts=frozenset({"B"})), Blocker.VISIBILITY),
        (replace(REQUEST, sees=frozenset({SlotType.PUBLIC})), SLOT, Blocker.VISIBILITY),
        (replace(REQUEST, wheelchair=True), SLOT, Blocker.WHEELCHAIR),
        (replace(REQUEST, forbidden=frozenset({"g"})), SLOT, Blocker.FORBIDDEN),
        (replace(REQUEST, forbidden=frozenset({"s"})), SLOT, Blocker.FORBIDDEN),
        (replace(REQUEST, forced="another"), SLOT, Blocker.FORBIDDEN),
        (HOUSEHOLD, SLOT, Blocker.PARTY),
    ],
)
def test_each_rule_says_its_name(request_: Request, slot: Slot, expected: Blocker) -> None:
    assert why(request_, slot) == {expected}


def test_someone_who_cannot_arrive_in_time_is_out_of_the_window() -> None:
    assert why(REQUEST, replace(SLOT, starts_at_s=NOW + 60)) == {Blocker.WINDOW}


def test_a_teleconsultation_knows_no_distance_and_no_steps() -> None:
    remote = frozenset({Mode.AMB, Mode.VR})
    request = replace(REQUEST, modes=remote, wheelchair=True)
    assert why(request, replace(SLOT, modes=remote, point=FAR, starts_at_s=NOW + 60)) == set()


def test_a_practitioner_who_paused_or_reached_the_cap_takes_nobody_new() -> None:
    assert why(REQUEST, SLOT, Practitioner("g", paused=True)) == {Blocker.PAUSED}
    assert why(REQUEST, SLOT, Practitioner("g", served_this_week=20, week_cap=20)) == {Blocker.WEEK_CAP}


def test_the_slot_a_patient_was_told_outlives_the_other_rules_but_not_a_refusal() -> None:
    told = replace(REQUEST, notified="s", age=4)
    late = replace(SLOT, min_age=16, starts_at_s=NOW + 90_000, point=FAR)
    assert why(told, late, Practitioner("g", paused=True)) == set()
    assert why(replace(told, forbidden=frozenset({"g"})), late) == {Blocker.FORBIDDEN}


def test_the_slot_a_person_chose_overrides_every_rule_but_the_places() -> None:
    chosen = replace(HOUSEHOLD, forced="s", forbidden=frozenset({"g"}))
    assert why(chosen, replace(SLOT, point=FAR)) == {Blocker.PARTY}
    assert why(chosen, replace(SLOT, point=FAR, places=2)) == set()
