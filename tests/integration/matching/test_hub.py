"""Cases of the SAMU hub become requests, over the real service."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.matching.main import build
from shared.contracts import RequestState
from shared.db import Scope, run, set_scope
from shared.settings import Settings
from tests.builders import CPTS
from tests.hub_cases import NIR, a_case, a_message, said
from tests.integration.matching.connector import Hub

pytestmark = pytest.mark.reference


async def test_a_case_becomes_one_request_however_often_it_is_sent(hub: Hub) -> None:
    body = a_case()
    answers = await asyncio.gather(*(hub.bring(a_message(body)) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    (row,) = await hub.requests()
    assert (row.cpts_id, row.insee, row.urgency, row.source) == (CPTS, "48095", 2, "sas")
    assert (row.professions, row.modes, row.age) == (["10"], ["AMB"], 76)


async def test_the_answer_acknowledges_the_message(hub: Hub) -> None:
    message = a_message(a_case())
    answer = (await hub.bring(message)).json()
    assert answer["distributionKind"] == "Ack"
    assert said(answer)["reference"] == {"distributionID": message["distributionID"], "step": "INTEGRE"}
    assert answer["descriptor"]["explicitAddress"]["explicitAddressValue"] == message["senderID"]


async def test_the_patient_is_sealed_and_their_national_number_nowhere(hub: Hub) -> None:
    await hub.bring(a_message(a_case()))
    (row,) = await hub.requests()
    sealed = hub.wiring.vault.open(row.patient_sealed, cpts_id=CPTS, row_id=str(row.id))
    assert sealed["name"] == "Fictive Essai"
    assert NIR not in repr(sealed)
    assert "Essai" not in repr({**row._mapping, "patient_sealed": b""})


async def test_another_perimeter_is_acknowledged_as_not_ours(hub: Hub) -> None:
    answer = await hub.bring(a_message(a_case(perimeter="AMU")))
    assert said(answer.json())["reference"]["refused"] is True
    assert await hub.requests() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"caseId": "not a case id"},
        {"location": {}},
        {"location": {"city": {"inseeCode": "99999"}}},
        {"creation": "yesterday"},
        {"unknown": 1},
    ],
)
async def test_an_invalid_case_gets_an_error_message_and_writes_nothing(hub: Hub, changes: dict[str, Any]) -> None:
    message = a_message(a_case(**changes))
    answer = await hub.bring(message)
    assert answer.status_code == 422
    error = said(answer.json())["error"]
    assert error["errorCode"] == {"statusCode": 300, "statusString": "INVALID_MESSAGE"}
    assert error["referencedDistributionID"] == message["distributionID"]
    assert error["errorCause"]
    assert "Fictive" not in answer.text
    assert await hub.requests() == []
    corrected = a_case() if "caseId" in changes else {**a_case(), "caseId": said(message)["createCaseHealth"]["caseId"]}
    assert (await hub.bring(a_message(corrected))).status_code == 200


@pytest.mark.parametrize("use_case", ["reference", "error"])
async def test_what_others_acknowledge_needs_no_answer(hub: Hub, use_case: str) -> None:
    assert (await hub.bring(a_message({"distributionID": "x"}, use_case))).status_code == 204


async def test_the_appointment_is_told_once_there_is_one(hub: Hub) -> None:
    body = a_case()
    await hub.bring(a_message(body))
    path = f"/hub/cases/{body['caseId']}/appointment"
    assert (await hub.client.post(path)).status_code == 404
    (row,) = await hub.requests()
    methods = []
    for state in (RequestState.CONFIRMED, RequestState.HONOURED):
        async with hub.wiring.open_session() as session:
            await set_scope(session, Scope(frozenset({"*"})))
            booked = (
                "update matching.request set state = :state, slot_id = id, booking_id = id,"
                " starts_at = '2026-11-24T10:00:00Z' where id = :id"
            )
            await run(session, text(booked), state=state, id=row.id)
        answer = (await hub.client.post(path)).json()
        methods.append((said(answer)["appointment"]["method"], said(answer)["appointment"]["status"]))
        assert said(answer)["appointment"]["start"] == "2026-11-24T11:00:00+01:00"
        assert "Fictive" not in repr(answer)
    assert methods == [("CreateAppointment", "booked"), ("UpdateAppointment", "fulfilled")]


async def test_without_its_schemas_the_hub_is_off(settings: Settings, hub: Hub) -> None:
    app = build(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        headers = {"authorization": hub.client.headers["authorization"]}
        async with httpx.AsyncClient(transport=transport, base_url="http://matching", headers=headers) as client:
            assert (await client.post("/hub/messages", json=a_message(a_case()))).status_code == 404
