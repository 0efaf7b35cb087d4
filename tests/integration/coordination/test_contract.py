"""A contract: begun from the terms, corrected, written once, and where it stands with figures of ours and of others."""

from typing import Any

import httpx

from shared.auth import Role
from tests.builders import CPTS
from tests.towns import Town

BEGUN = {"cpts": CPTS, "starts_on": "2026-04-15", "population": "100000"}


async def write(client: httpx.AsyncClient, contract: dict[str, Any], after: int = 0) -> httpx.Response:
    """Write the contract of the CPTS."""
    return await client.put("/contract", json={"cpts_id": CPTS, "after": after, "contract": contract})


async def begun(client: httpx.AsyncClient) -> dict[str, Any]:
    """A first contract."""
    contract: dict[str, Any] = (await client.get("/contract/draft", params=BEGUN)).json()
    return contract


async def test_a_contract_is_begun_written_and_stands_with_its_figures(town: Town) -> None:
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    assert (await client.get("/contract", params={"cpts": CPTS})).json()["version"] == 0
    contract = await begun(client)
    assert (await write(client, contract)).json() == {"version": 1}
    label = "Patients en ALD sans médecin traitant"
    value = {"cpts_id": CPTS, "mission": "acces_soins", "label": label, "value": "98", "source": "CPAM"}
    undated = await client.put("/contract/values", json=value)
    assert (undated.status_code, undated.json()["field"]) == (422, "dated")
    assert (await client.put("/contract/values", json={**value, "dated": "2026-10-31"})).status_code == 200
    view = (await client.get("/contract", params={"cpts": CPTS})).json()
    assert (view["since"], view["until"]) == ("2026-04-15", "2027-04-14")
    access = view["missions"][0]
    ald, *_, gps = access["indicators"]
    assert (ald["value"], ald["earned_eur"], ald["next_at"], ald["source"]) == (98, 6000, 50, "CPAM")
    assert gps["formula"] == "general_practitioners_sas"
    assert gps["value"] == 0
    assert (access["earned_eur"], access["envelope_eur"]) == (6000, 35000)
    assert access["late"] == "start"  # six months after 15 April 2026 it has not begun
    assert view["contract"] == contract


async def test_a_broken_rule_is_refused_with_what_to_change_and_nothing_is_written(town: Town) -> None:
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    contract = await begun(client)
    contract["missions"][0]["indicators"][1]["target"] = 68_811
    refused = await write(client, contract)
    assert refused.status_code == 422
    assert "mais le contrat écrit 68\u202f811. Écrivez 66\u202f811" in refused.json()["detail"]
    assert refused.json()["errors"][0]["field"] == "missions.acces_soins.indicators.1.target"
    assert (await client.get("/contract", params={"cpts": CPTS})).json()["version"] == 0


async def test_two_who_write_at_once_do_not_overwrite_each_other(town: Town) -> None:
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    contract = await begun(client)
    assert (await write(client, contract)).status_code == 200
    late = await write(client, contract)
    assert (late.status_code, late.json()["code"]) == (409, "written_meanwhile")
    assert (await write(client, contract, after=1)).json() == {"version": 2}


async def test_terms_are_dated_rows_that_an_admin_edits(town: Town) -> None:
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    admin = (await town.person(Role.ADMIN, at="coordination")).client
    form = (await client.get("/terms", params={"cpts": CPTS})).json()
    assert form["after"] == 0
    assert all(row["source"] for row in form["terms"]["amounts"])
    form["terms"]["sizes"][2]["max"] = 90_000
    assert (await client.put("/terms", json=form)).status_code == 403
    overlap = {**form, "terms": {**form["terms"], "amounts": form["terms"]["amounts"] * 2}}
    assert (await admin.put("/terms", json=overlap)).json()["code"] == "rules_broken"
    assert (await admin.put("/terms", json=form)).json() == {"version": 1}
    assert (await begun(client))["size"] == 1  # 100,000 inhabitants are of no size any more


async def test_neither_another_cpts_nor_another_role_reads_a_contract(town: Town) -> None:
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    await write(client, await begun(client))
    for role in (Role.PHARMACIST, Role.REGULATOR, Role.PRACTITIONER, Role.COMMITTEE):
        other = (await town.person(role, at="coordination")).client
        assert (await other.get("/contract", params={"cpts": CPTS})).status_code == 403
        assert (await other.get("/terms", params={"cpts": CPTS})).status_code == 403
    assert (await client.get("/contract", params={"cpts": "990000009"})).status_code == 403
