"""Malformed answers of the Annuaire Santé: a clear refusal each, and never a half-written row."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi.responses import Response

from services.files.annuaire import Wrong, activity_of, person_of, place_of
from services.imports.annuaire_client import AnnuaireRefuses
from tests.annuaire_server import organization, practitioner, role
from tests.contract.malformed import GARBAGE, Path, bent
from tests.integration.imports.annuaire_desk import Desk

NEXT = {"relation": "next", "url": "?start=1"}


def bundle(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An answer with these resources."""
    entries = [{"resource": each, "search": {"mode": "match"}} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "link": [], "entry": entries, **more}


def content(answer: Any) -> bytes:
    return json.dumps(answer).encode()


SHORT = bundle(organization(1), total=2, link=[{"relation": "self", "url": "?"}, NEXT])
PAGES: Sequence[Path] = (
    ("resourceType",),
    ("type",),
    ("entry",),
    ("entry", 0),
    ("entry", 0, "resource"),
    ("entry", 0, "resource", "resourceType"),
    ("link",),
    ("link", 1),
    ("link", 1, "url"),
)
TOLD = bundle({"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "incomplete"}]})
ANSWERS: list[tuple[str, bytes]] = [
    *((name, content(answer)) for name, answer in bent(SHORT, PAGES)),
    *((f"total {total!r}", content({**SHORT, "total": total, "link": []})) for total in (None, "2", 2, 1.5, -1, True)),
    *((f"garbage {number}", body) for number, body in enumerate(GARBAGE)),
    *((f"cut at {at}", content(SHORT)[:at]) for at in range(1, 900, 100)),
    ("half a character", content(SHORT).replace(b"CABINET", b"\\ud800")),
    ("a null character", content(SHORT).replace(b"CABINET", b"\\u0000")),
    ("a web page", b"<!doctype html><html><body>Se connecter</body></html>"),
    ("an outcome alone", content({"resourceType": "OperationOutcome", "issue": []})),
    ("an outcome among the rest", content(TOLD)),
    ("another kind of bundle", content({**SHORT, "type": "collection"})),
    ("the next page elsewhere", content({**SHORT, "link": [{**NEXT, "url": "https://elsewhere.invalid/"}]})),
    ("the next page is no address", content({**SHORT, "link": [{**NEXT, "url": "https://[::1"}]})),
]
NO_TRUTH: Sequence[Any] = (None, 0, "", "false", [], {})
CODED: Path = ("qualification", 0, "code", "coding", 0)
PEOPLE = [
    *bent(practitioner(1), (("id",), ("identifier",), ("name",), ("name", 0, "family"), ("qualification",))),
    *bent(practitioner(1), ((*CODED, "system"), (*CODED, "code"))),
    *((f"active {said!r}", practitioner(1) | {"active": said}) for said in NO_TRUTH),
]
INSEE: Path = ("address", 0, "extension", 0)
STRUCTURES = [
    *bent(organization(1), (("id",), ("identifier",), ("address",), ("address", 0, "extension"))),
    *bent(organization(1), ((*INSEE, "url"), (*INSEE, "valueCoding"), (*INSEE, "valueCoding", "code"))),
    *((f"active {said!r}", organization(1) | {"active": said}) for said in NO_TRUTH),
]
ROLES = [
    *bent(role(1, 1), (("practitioner",), ("organization",))),
    *bent(role(1, 1), (("practitioner", "reference"), ("organization", "reference"))),
    *((f"active {said!r}", role(1, 1) | {"active": said}) for said in NO_TRUTH),
]


def test_the_corpus_is_large_and_every_case_is_different() -> None:
    corpora = [[name for name, _ in corpus] for corpus in (ANSWERS, PEOPLE, STRUCTURES, ROLES)]
    assert sum(map(len, corpora)) >= 200
    assert all(len(set(names)) == len(names) for names in corpora)


@pytest.mark.parametrize(
    ("read", "resource"),
    [
        *((person_of, each) for _, each in PEOPLE),
        *((place_of, each) for _, each in STRUCTURES),
        *((activity_of, each) for _, each in ROLES),
    ],
    ids=[f"{kind} {name}" for kind, some in zip("PSR", (PEOPLE, STRUCTURES, ROLES), strict=True) for name, _ in some],
)
def test_every_malformed_resource_is_refused(read: Any, resource: dict[str, Any]) -> None:
    with pytest.raises(Wrong) as wrong:
        read(resource)
    assert wrong.value.element
    assert wrong.value.change


async def known(desk: Desk) -> list[str]:
    return [row[0] for row in await desk.rows("select rpps from availability.practitioner order by rpps")]


def answer_next(desk: Desk, *answers: bytes) -> None:
    desk.directory.next_answers.clear()
    desk.directory.next_answers.extend(Response(each, media_type="application/fhir+json") for each in answers)


async def test_every_malformed_answer_is_refused_and_writes_nothing(desk: Desk) -> None:
    desk.directory.per_second = 10_000
    desk.calls_per_second = 10_000
    good = content(bundle(organization(1)))
    for number, (name, body) in enumerate(ANSWERS):
        # At once, or in the middle of a load.
        answer_next(desk, *((body,) if number % 3 else (good, body)))
        with pytest.raises(AnnuaireRefuses) as refused:
            await desk.load(full=True)
        assert "Annuaire Santé" in str(refused.value) or "page suivante" in str(refused.value), name
    written = ("practitioner", "place", "schedule", "membership")
    counts = " + ".join(f"(select count(*) from availability.{table})" for table in written)
    assert await desk.rows(f"select {counts}") == [(0,)]


async def test_every_malformed_resource_is_said_and_the_others_come_in(desk: Desk) -> None:
    desk.directory.per_second = 10_000
    desk.calls_per_second = 10_000
    whole = [practitioner(2), role(2, 2)]
    places = content(bundle(organization(1), organization(2)))
    cases = [
        *((places, content(bundle(each, role(1, 1), *whole))) for _, each in PEOPLE[::4]),
        *((places, content(bundle(each, practitioner(1), *whole))) for _, each in ROLES[::4]),
        *((content(bundle(each, organization(2))), content(bundle(*whole))) for _, each in STRUCTURES[::4]),
    ]
    for answers in cases:
        answer_next(desk, *answers)
        report = await desk.load(full=True)
        assert report.tally.bad, answers
        assert all(bad.column and bad.change for bad in report.tally.bad)
        assert await known(desk) == ["99900000002"]
    assert await desk.open_places() == [("99900000002", "finess:130000002")]


async def test_an_activity_of_somebody_who_is_not_in_the_answer_is_said(desk: Desk) -> None:
    answer_next(desk, content(bundle(organization(1))), content(bundle(role(1, 1))))
    report = await desk.load(full=True)
    assert [bad.column for bad in report.tally.bad] == ["PractitionerRole practitioner"]
    assert await known(desk) == []
