"""What each role sees of a slot."""

from typing import Any

import pytest

from services.availability.live import view
from shared.auth import Caller, Role

ME, OTHER = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
BOOKING = {"id": "b", "state": "held", "request_id": "r"}


def slot(**changed: Any) -> dict[str, Any]:
    return {"practitioner_id": OTHER, "types": ["CPTS"], "status": "published", "bookings": [BOOKING], **changed}


def seen(role: Role, value: dict[str, Any], *own: str) -> dict[str, Any] | None:
    caller = Caller(id="someone", role=role, cpts=frozenset({"990000001"}), practitioners=frozenset(own) or None)
    return view(caller, "slots", value)


@pytest.mark.parametrize("role", [Role.MACHINE, Role.COORDINATOR, Role.ADMIN])
def test_who_runs_the_cpts_sees_bookings(role: Role) -> None:
    assert seen(role, slot()) == slot()


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.DELEGATE])
def test_a_practitioner_sees_the_bookings_of_their_own_slots_only(role: Role) -> None:
    assert seen(role, slot(practitioner_id=ME), ME) == slot(practitioner_id=ME)
    assert seen(role, slot(), ME) == slot(bookings=[])


@pytest.mark.parametrize(
    ("role", "types", "shown"),
    [
        (Role.PHARMACIST, ["PUBLIC"], True),
        (Role.PHARMACIST, ["PRO"], True),
        (Role.PHARMACIST, ["CPTS", "SNP"], True),
        (Role.PHARMACIST, ["SNP"], False),
        (Role.REGULATOR, ["SNP"], True),
        (Role.REGULATOR, ["PUBLIC"], True),
    ],
)
def test_pharmacists_and_regulators_see_the_types_meant_for_them(role: Role, types: list[str], shown: bool) -> None:
    assert seen(role, slot(types=types)) == (slot(types=types, bookings=[]) if shown else None)


@pytest.mark.parametrize("role", [Role.PHARMACIST, Role.REGULATOR])
def test_a_withdrawn_slot_is_gone_for_who_looks_for_one(role: Role) -> None:
    assert seen(role, slot(status="withdrawn")) is None


def test_the_committee_sees_the_territory_and_nothing_in_it() -> None:
    assert seen(Role.COMMITTEE, slot()) is None
    caller = Caller(id="someone", role=Role.COMMITTEE, cpts=frozenset({"990000001"}))
    told = {name: view(caller, name, {"id": "x"}) for name in ("cpts", "practitioners", "places")}
    assert told == {"cpts": {"id": "x"}, "practitioners": None, "places": None}


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.COMMITTEE}))
def test_nothing_else_is_hidden(role: Role) -> None:
    caller = Caller(id="someone", role=role, cpts=frozenset({"990000001"}))
    assert view(caller, "places", {"id": "p"}) == {"id": "p"}
