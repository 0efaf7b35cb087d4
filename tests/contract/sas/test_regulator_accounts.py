"""INT_R02: the SAS opens, changes and disables regulators' accounts. Each case of the certification kit."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from services.availability.interop.fhir import terms
from services.availability.interop.sas.regulators import RegulatorValue, regulator
from services.availability.interop.sas.seed import seed_conformance
from services.availability.interop.sas.settings import SasSettings
from shared.db import run
from shared.wiring import Wiring
from tests.unit.fhir.test_regulators import WRONG, changed

PLAIN = {"content-type": "application/json"}


def an_account(**changes: object) -> RegulatorValue:
    """A new regulator known by the SAS's own identifier."""
    number = uuid4()
    value = RegulatorValue("Essai", "Régulatrice", f"r-{number.hex}@exemple.invalid", True, sas_id=str(number))
    return replace(value, **changes)  # type: ignore[arg-type]


async def post(client: httpx.AsyncClient, value: RegulatorValue) -> httpx.Response:
    return await client.post("/Practitioner", json=regulator(value, id="ignored"), headers=PLAIN)


async def put(
    client: httpx.AsyncClient, value: RegulatorValue, *, system: str = terms.SAS_ID, number: str = "", bar: str = "|"
) -> httpx.Response:
    url = f"/Practitioner?identifier={system}{bar}{number or value.sas_id}"
    return await client.put(url, json=regulator(value, id="ignored"), headers=PLAIN)


def require_refused(answer: httpx.Response) -> None:
    assert 400 <= answer.status_code < 500
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"


async def test_a_new_account_is_created_and_can_be_read_where_it_says(client: httpx.AsyncClient) -> None:
    value = an_account()
    answer = await post(client, value)
    assert answer.status_code == 201
    found = await client.get(answer.headers["location"].rpartition("/fhir")[2])
    assert found.status_code == 200
    assert found.json()["telecom"][0]["value"] == value.email
    assert found.json()["meta"]["source"] == terms.SAS_ID


async def test_the_same_account_twice_is_refused(client: httpx.AsyncClient) -> None:
    value = an_account()
    assert (await post(client, value)).status_code == 201
    require_refused(await post(client, value))


async def test_an_address_in_use_is_refused(client: httpx.AsyncClient) -> None:
    value = an_account()
    await post(client, value)
    answer = await post(client, an_account(email=value.email))
    require_refused(answer)
    assert "telecom" in answer.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(("path", "value"), WRONG)
async def test_a_bent_account_is_refused_and_writes_nothing(
    client: httpx.AsyncClient, wiring: Wiring, path: str, value: object
) -> None:
    require_refused(await client.post("/Practitioner", json=changed(path, value), headers=PLAIN))
    async with wiring.open_session() as session:
        counted = text("select (select count(*) from availability.regulator) + (select count(*) from common.account)")
        assert (await run(session, counted)).scalar_one() == 0


@pytest.mark.parametrize("bar", ["|", "%7C"])
async def test_an_account_is_changed_by_its_identifier(client: httpx.AsyncClient, bar: str) -> None:
    value = an_account()
    created = await post(client, value)
    answer = await put(client, replace(value, family="Nouveau"), bar=bar)
    assert answer.status_code == 200
    assert answer.json()["id"] == created.json()["id"]
    found = await client.get(f"/Practitioner/{created.json()['id']}")
    assert found.json()["name"][0]["family"] == "Nouveau"


async def test_an_unknown_account_is_created_by_a_put_and_again_changes_nothing(client: httpx.AsyncClient) -> None:
    value = an_account()
    first, second = await put(client, value), await put(client, value)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


async def test_an_identifier_with_a_slash_is_known(client: httpx.AsyncClient) -> None:
    value = an_account(sas_id="", national_id=f"3456780581/{uuid4().int % 10**8}")
    assert (await post(client, value)).status_code == 201
    answer = await put(client, replace(value, given="Autre"), system=terms.NATIONAL_ID, number=value.national_id)
    assert answer.status_code == 200


async def test_a_disabled_account_cannot_sign_in_any_more(client: httpx.AsyncClient, wiring: Wiring) -> None:
    value = an_account()
    account = (await post(client, value)).json()["id"]
    answer = await put(client, replace(value, active=False))
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    async with wiring.open_session() as session:
        disabled = text("select disabled_at from common.account where id = cast(:id as uuid)")
        assert (await run(session, disabled, id=account)).scalar_one() is not None


async def test_the_identifier_and_address_of_a_disabled_account_are_free(client: httpx.AsyncClient) -> None:
    value = an_account(sas_id="", national_id=f"899{uuid4().int % 10**9:09}")
    first = await post(client, value)
    await put(client, replace(value, active=False), system=terms.NATIONAL_ID, number=value.national_id)
    second = await post(client, value)
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]
    changed_now = await put(client, replace(value, given="Deux"), system=terms.NATIONAL_ID, number=value.national_id)
    assert changed_now.json()["id"] == second.json()["id"]


async def test_a_disabled_account_can_be_opened_again(client: httpx.AsyncClient) -> None:
    value = an_account()
    first = await post(client, value)
    await put(client, replace(value, active=False))
    again = await put(client, value)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])


async def test_an_account_moves_from_the_sass_identifier_to_a_national_one(client: httpx.AsyncClient) -> None:
    value = an_account()
    first = await post(client, value)
    national = replace(value, sas_id="", national_id=f"899{uuid4().int % 10**9:09}")
    moved = await put(client, national, number=value.sas_id)
    assert (moved.status_code, moved.json()["id"]) == (200, first.json()["id"])
    known = await put(client, national, system=terms.NATIONAL_ID, number=national.national_id)
    assert (known.status_code, known.json()["id"]) == (200, first.json()["id"])


async def test_moving_to_an_identifier_in_use_is_refused(client: httpx.AsyncClient) -> None:
    taken = an_account(sas_id="", national_id=f"899{uuid4().int % 10**9:09}")
    await post(client, taken)
    value = an_account()
    await post(client, value)
    require_refused(await put(client, replace(value, national_id=taken.national_id)))


async def test_of_ten_creations_at_once_one_wins(client: httpx.AsyncClient) -> None:
    value = an_account()
    answers = await asyncio.gather(*(post(client, value) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 9]


async def test_an_active_account_is_regulator_in_every_cpts(client: httpx.AsyncClient, wiring: Wiring) -> None:
    await seed_conformance(wiring, SasSettings())
    account = (await post(client, an_account())).json()["id"]
    async with wiring.open_session() as session:
        granted = text("select role, cpts_id from common.role_grant where account_id = cast(:id as uuid) order by 2")
        rows = (await run(session, granted, id=account)).all()
    assert [tuple(row) for row in rows] == [("regulator", "990000011"), ("regulator", "990000029")]


@pytest.mark.parametrize(
    "url",
    [
        "/Practitioner",
        "/Practitioner?identifier=",
        "/Practitioner?identifier=urn:oid:1.2.3|12",
        f"/Practitioner?identifier={terms.SAS_ID}|",
        f"/Practitioner?identifier={terms.SAS_ID}|1&identifier={terms.SAS_ID}|2",
    ],
)
async def test_a_put_that_does_not_say_which_account_is_refused(client: httpx.AsyncClient, url: str) -> None:
    require_refused(await client.put(url, json=regulator(an_account(), id="1"), headers=PLAIN))


async def test_there_is_no_way_to_delete(client: httpx.AsyncClient) -> None:
    require_refused(await client.delete("/Practitioner/1"))
