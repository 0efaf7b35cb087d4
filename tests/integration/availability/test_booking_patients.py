"""Who comes, as other software writes them: taken as far as it is known, or refused by the element's name."""

from typing import Any

import pytest

from tests.integration.availability.booking_desk import Desk, issue_of, reference


def who(**said: Any) -> dict[str, Any]:
    said = {"name": [{"family": "PATIENTE-FICTIVE"}], **said}
    return {"name": "patient-resource", "resource": {"resourceType": "Patient", **said}}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"birthDate": "1951"}, ("birth_date", "1951")),
        ({"birthDate": "1951-07"}, ("birth_date", "1951-07")),
        (
            {"telecom": [{"system": "phone", "value": "06\u202f00\u202f00\u202f00\u202f00"}]},
            ("phone", "06 00 00 00 00"),
        ),
        (
            {"telecom": [{"system": "phone", "value": "bureau"}, {"system": "phone", "value": "tel:+33600000000"}]},
            ("phone", "+33600000000"),
        ),
    ],
)
async def test_a_patient_is_known_as_far_as_they_are_said(
    desk: Desk, said: dict[str, Any], kept: tuple[str, str]
) -> None:
    answer = await desk.ask("book", reference(await desk.slot()), who(**said))
    assert answer.status_code == 200, answer.text
    path = f"/bookings/{answer.json()['entry'][0]['resource']['id']}/patient"
    assert (await desk.doctor.get(path)).json()[kept[0]] == kept[1]
    shown = (await desk.doctor.get(path, params={"call": "true"})).json()
    calls = {"+33600000000": "tel:+33600000000", "06 00 00 00 00": "tel:0600000000"}
    assert shown.get("call") == calls.get(kept[1])


@pytest.mark.parametrize(
    ("said", "element"),
    [
        ({"birthDate": "0"}, "Patient.birthDate"),
        ({"birthDate": "86400"}, "Patient.birthDate"),
        ({"birthDate": "202510"}, "Patient.birthDate"),
        ({"birthDate": "2090-01-01"}, "patient.birth_date"),
        ({"telecom": [{"system": "phone", "value": "06 00"}]}, "Patient.telecom"),
        ({"name": [{"text": "F" * 200}]}, "Patient.name"),
    ],
)
async def test_an_element_that_does_not_fit_is_named(desk: Desk, said: dict[str, Any], element: str) -> None:
    answer = await desk.ask("book", reference(await desk.slot()), who(**said))
    assert answer.status_code == 422, answer.text
    assert f"field: {element}" in issue_of(answer)["diagnostics"]
