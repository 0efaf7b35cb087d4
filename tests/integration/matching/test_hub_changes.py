"""What the SAMU learns later changes the request of its case, or is refused: over the real service."""

from typing import Any

import pytest

from shared.contracts import RequestState
from tests.builders import CPTS
from tests.hub_cases import NIR, SAMU, a_case, a_message, an_update, said
from tests.integration.matching.connector import Hub

pytestmark = pytest.mark.reference
DECISION = {"creation": "2026-11-24T09:20:00+01:00", "operator": {"role": "MEDECIN"}, "decisionType": "ORIENT"}


def priority(code: str) -> dict[str, Any]:
    return {"qualification": {"details": {"priority": code}}}


def a_patient(of: dict[str, Any], name: str = "Fictive Autrement", **more: Any) -> dict[str, Any]:
    features = {"strictFeatures": {"birthDate": "1951-03-04"}, "nonStrictFeatures": {"complete": name}}
    whose = {"patientId": of["patient"][0]["patientId"], "identity": features, "detail": {"age": "P75Y"}}
    return {**whose, "administrativeFile": {"externalId": [{"source": "NIR", "value": NIR}]}, **more}


async def sealed(hub: Hub) -> dict[str, Any]:
    ((id_, patient),) = await hub.rows("select id, patient_sealed from matching.request")
    return hub.wiring.vault.open(patient, cpts_id=CPTS, row_id=str(id_))


async def test_an_update_changes_the_request_of_its_case(hub: Hub) -> None:
    case = a_case()
    await hub.bring(a_message(case))
    (before,) = await hub.requests()
    decision = {**DECISION, "resourceType": "LIBERAL.INF", "orientationType": "DOMICILE"}
    message = an_update(case, **priority("P1"), decision=[decision], patient=[a_patient(case)])
    answer = (await hub.bring(message)).json()
    assert said(answer)["reference"] == {"distributionID": message["distributionID"], "step": "INTEGRE"}
    (row,) = await hub.requests()
    assert (row.id, row.state, row.urgency, row.professions, row.modes) == (before.id, "open", 1, ["60"], ["HH"])
    assert (row.age, row.insee) == (75, "48095")
    assert row.deadline_at < before.deadline_at
    known = await sealed(hub)
    assert (known["name"], known["birth_date"]) == ("Fictive Autrement", "1951-03-04")
    assert known["phone"] == "+33600000000"
    assert NIR not in repr(known)
    story = await hub.rows("select code, detail from matching.request_change order by version")
    assert [each.code for each in story] == ["submitted", "amended"]
    assert story[1].detail == {"changed": ["age", "modes", "patient", "professions", "urgency"]}
    ((value,),) = await hub.rows("select body->'value' from matching.event where body->>'type' = 'request_amended.v1'")
    assert value["urgency"] == 1
    assert "Autrement" not in repr([value, story])


async def test_an_update_that_says_nothing_new_changes_nothing(hub: Hub) -> None:
    case = a_case()
    await hub.bring(a_message(case))
    before = await hub.requests()
    for body in ({}, priority("P2"), priority("NR"), {"freetext": "Rappelée"}, {"patient": case["patient"]}):
        assert (await hub.bring(an_update(case, **body))).status_code == 200
    assert await hub.requests() == before


async def test_an_update_delivered_twice_counts_once(hub: Hub) -> None:
    case = a_case()
    await hub.bring(a_message(case))
    message = an_update(case, **priority("P1"))
    first, again = await hub.bring(message), await hub.bring(message)
    assert (first.status_code, again.status_code) == (200, 200)
    assert said(again.json())["reference"] == said(first.json())["reference"]
    ((version,),) = await hub.rows("select version from matching.request")
    assert version == 2


async def test_a_slot_in_mind_is_thought_over_and_who_was_given_up_is_sought_for_again(hub: Hub) -> None:
    case = a_case()
    await hub.bring(a_message(case))
    for state, code in ((RequestState.PROPOSED, "P1"), (RequestState.UNSERVED, "P3")):
        where = "set state = :state, slot_id = case when :state = 'proposed' then id end"
        await hub.rows(f"update matching.request {where}, deadline_at = common.now()", state=state)
        assert (await hub.bring(an_update(case, **priority(code)))).status_code == 200
        (row,) = await hub.requests()
        assert (row.state, row.slot_id, row.reason) == ("open", None, "")


async def test_another_patient_of_the_case_is_left_alone(hub: Hub) -> None:
    case = a_case()
    await hub.bring(a_message(case))
    other = a_patient(case, "Autre Fictif", patientId=f"{SAMU}.patient.DRFR00.2")
    decision = {**DECISION, "resourceType": "LIBERAL.KINE", "patientId": other["patientId"]}
    before = await hub.requests()
    assert (await hub.bring(an_update(case, patient=[other], decision=[decision]))).status_code == 200
    assert await hub.requests() == before


BOOKED = "update matching.request set state = :state, slot_id = id, booking_id = id, starts_at = common.now()"


@pytest.mark.parametrize("change", [priority("P1"), {"perimeter": "AMU"}])
async def test_an_update_that_comes_after_the_appointment_is_refused_and_noted(
    hub: Hub, change: dict[str, Any]
) -> None:
    case = a_case()
    await hub.bring(a_message(case))
    for number, state in enumerate((RequestState.CONFIRMED, RequestState.HONOURED), start=1):
        await hub.rows(BOOKED, state=state)
        message = an_update(case, **change)
        answer = await hub.bring(message)
        assert answer.status_code == 422
        error = said(answer.json())["error"]
        assert error["referencedDistributionID"] == message["distributionID"]
        assert error["errorCause"] == f"request: a request that waits, not {state}"
        (row,) = await hub.requests()
        assert (row.state, row.urgency, row.version) == (state, 2, 2), number
    codes = await hub.rows("select code from matching.request_change order by version")
    assert [each.code for each in codes] == ["submitted", "amendment_refused"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (lambda case: an_update(case, perimeter="AMU"), "emergency"),
        (lambda case: a_message(case, kind="Cancel"), "other"),
        (lambda case: a_message({"caseId": case["caseId"]}, "createCaseHealthUpdate", kind="Cancel"), "other"),
    ],
)
async def test_a_case_that_is_no_more_for_us_leaves_the_board(hub: Hub, message: Any, reason: str) -> None:
    case = a_case()
    await hub.bring(a_message(case))
    for _ in range(2):
        answer = await hub.bring(message(case))
        assert said(answer.json())["reference"]["step"] == "INTEGRE"
        (row,) = await hub.requests()
        assert (row.state, row.reason) == ("cancelled", reason)


async def test_an_update_of_a_case_that_we_do_not_have_is_not_ours(hub: Hub) -> None:
    answer = await hub.bring(an_update(a_case(), **priority("P1")))
    assert said(answer.json())["reference"]["refused"] is True
    ours = await hub.bring(an_update(a_case(), perimeter="SNP"))
    assert ours.status_code == 422
    assert "RS-EDA first" in said(ours.json())["error"]["errorCause"]
    assert await hub.requests() == []


async def test_only_who_sent_the_case_may_change_it(hub: Hub) -> None:
    case = a_case()
    await hub.bring(a_message(case))
    before = await hub.requests()
    answer = await hub.bring({**an_update(case, **priority("P1")), "senderID": "fr.health.test.samu130"})
    assert said(answer.json())["error"]["errorCause"] == "senderID: who sent the case"
    assert await hub.requests() == before


async def test_an_invalid_update_changes_nothing(hub: Hub) -> None:
    case = a_case()
    await hub.bring(a_message(case))
    before = await hub.requests()
    wrong_ones: list[dict[str, Any]] = [
        {"location": {"city": {"name": "Ailleurs"}}},
        {"decision": [{}]},
        {"perimeter": "LOIN"},
    ]
    for wrong in wrong_ones:
        answer = await hub.bring(an_update(case, **priority("P1"), **wrong))
        assert said(answer.json())["error"]["errorCode"]["statusCode"] == 300
    assert await hub.requests() == before
