"""Nobody is asked for more people on top of their slots in a week than they said."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.matching.engine.files import dumps, loads
from services.matching.engine.model import Instance, Point, Practitioner, Request, Slot, Urgency
from services.matching.engine.sameday.explain import PLACE, explain
from services.matching.engine.sameday.rules import on_top_left
from services.matching.engine.sameday.solve import solve
from services.matching.sameday.app.parameters import CptsParameters
from services.matching.sameday.app.round.deciding import Reasons, leave_out
from services.matching.sameday.edges.following import Territory
from services.matching.sameday.edges.solver import plan_round, recommend
from shared.contracts import RequestState
from shared.live.follow import Replica
from tests.unit.matching.test_service_deciding import NOW, a_row

HOME = Point(44.5, 3.5)
FIRST, SECOND = Slot("a", "ann", HOME, 4000, 4900), Slot("b", "ben", HOME, 5000, 5900)


def a_request(name: str, **more: Any) -> Request:
    return Request(name, Urgency.P1, HOME, 1000, 9000, 1000, 1000, **more)


def asked(instance: Instance, full: tuple[Slot, ...] = ()) -> list[str]:
    """Of whom one more place is said to serve the requests left out."""
    plan = plan_round(instance, full)
    return [each.practitioner for one in plan.unmatched for each in one.relaxations if each.kind == PLACE]


def limited(name: str, given: int, limit: int | None = 20) -> Practitioner:
    return Practitioner(name, on_top_this_week=given, on_top_limit=limit)


@pytest.mark.parametrize(("given", "limit", "left"), [(0, 20, 20), (19, 20, 1), (20, 20, 0), (25, 20, 0), (3, 0, 0)])
def test_what_is_left_of_the_week(given: int, limit: int, left: int) -> None:
    assert on_top_left(limited("ann", given, limit)) == left


def test_a_practitioner_at_the_limit_is_asked_no_more_and_the_next_one_is() -> None:
    two = Instance(1000, (a_request("r1"), a_request("r2"), a_request("r3")), (FIRST, SECOND))
    assert asked(replace(two, practitioners=(limited("ann", 20), limited("ben", 19)))) == ["ben"]
    assert asked(replace(two, practitioners=(limited("ann", 20), limited("ben", 20)))) == []


def test_full_slots_of_a_practitioner_at_the_limit_explain_but_are_not_asked_for() -> None:
    instance = Instance(1000, (a_request("r"),), (), (limited("ann", 20), limited("ben", 0)))
    assert asked(instance, (FIRST, SECOND)) == ["ben"]
    found, why = recommend(replace(instance, practitioners=(limited("ann", 20),)), (FIRST,), a_request("r"), 5)
    assert (found, why.blockers if why else (), why.relaxations if why else None) == ((), (("taken", 1),), ())


def test_a_household_needs_as_many_places_on_top_as_it_has_people() -> None:
    instance = Instance(1000, (a_request("r", party=3),), (), (limited("ann", 18), limited("ben", 17)))
    assert asked(instance, (FIRST, SECOND)) == ["ben"]


def test_an_escalation_asks_those_of_whom_a_place_would_serve_only() -> None:
    ann, ben = str(uuid4()), str(uuid4())
    reasons = Reasons({}, [{"kind": PLACE, "practitioner_id": ann}, {"kind": "travel", "practitioner_id": ben}])
    change = leave_out(a_row(escalation=1, next_step_at=NOW), reasons, CptsParameters(), NOW)
    assert change is not None
    assert (change.to, change.detail["practitioners"]) == (RequestState.ESCALATED, [ann])


def test_the_ledger_of_the_replica_gives_both_numbers_and_no_limit_when_none_is_set() -> None:
    value: dict[str, Any] = {"paused": False, "week_cap": None, "served_4_weeks": 3, "served_this_week": 2}
    value |= {"id": "ann", "joined_at": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}
    replica = Replica("990000001")
    counted = {**value, "on_top_this_week": 12, "on_top_limit": 15}
    replica.state = {"practitioners": {"old": value, "new": counted}}
    old, new = Territory(replica).practitioners(int(NOW.timestamp()))
    assert (old.on_top_this_week, old.on_top_limit) == (0, None)
    assert (new.on_top_this_week, new.on_top_limit) == (12, 15)


def test_an_instance_keeps_its_limits_on_disk() -> None:
    instance = Instance(1000, (a_request("r"),), (FIRST,), (limited("ann", 20, 15),))
    assert loads(dumps(instance), Instance) == instance
    assert explain(instance, solve(instance)).unmatched == ()
