"""A frozen dossier: everything in one file, with its number and its hash; nothing changes it."""

import hashlib
import io
import itertools
import json
import zipfile

import httpx
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import CPTS, owner
from tests.integration.coordination.test_contract import begun, write
from tests.integration.coordination.test_figures import figures, served
from tests.towns import Town

DAYS = {"cpts_id": CPTS, "since": "2026-04-15", "until": "2027-04-14"}


async def take(client: httpx.AsyncClient, number: int) -> bytes:
    """The file of a dossier."""
    answer = await client.get(f"/dossiers/{number}.zip", params={"cpts": CPTS})
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_dossier_is_frozen_and_a_later_one_says_what_differs(town: Town) -> None:
    pharmacy = (await town.person(Role.PHARMACIST)).client
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    await served(town, pharmacy, 2)
    await write(client, await begun(client))
    await figures(client, requests=1, served_within_48_h_share=100)
    one = (await client.post("/dossiers", json=DAYS)).json()
    first = await take(client, 1)
    assert (one["number"], one["differs"], one["sha256"]) == (1, [], hashlib.sha256(first).hexdigest())
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        names = set(archive.namelist())
        data = json.loads(archive.read("dossier.json"))
        assert archive.read("dossier.pdf").startswith(b"%PDF")
        listed = archive.read("listes/served_within_48_h.csv").decode("utf-8-sig").splitlines()
    assert {"chiffres.xlsx", "contrat.xlsx", "communes.xlsx", "listes/requests.csv"} <= names
    assert data["figures"]["served_within_48_h_share"]["value"] == 100
    assert len(data["contract"]) == 14
    assert len(listed) == 2
    assert "asked_by" not in listed[0]
    await served(town, pharmacy, 3)
    await figures(client, requests=2, places_opened=2)
    two = (await client.post("/dossiers", json=DAYS)).json()
    assert two["number"] == 2
    assert {"what": "Demandes de soins non programmés", "before": 1, "after": 2} in two["differs"]
    assert await take(client, 1) == first


async def test_a_dossier_that_was_tampered_with_is_not_given(town: Town) -> None:
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    assert (await client.post("/dossiers", json=DAYS)).status_code == 201
    async with owner(town.settings) as session:
        await run(session, text("alter table coordination.dossier no force row level security"))
        await run(session, text("update coordination.dossier set content = content || 'x'"))
        await run(session, text("alter table coordination.dossier force row level security"))
    answer = await client.get("/dossiers/1.zip", params={"cpts": CPTS})
    assert (answer.status_code, answer.json()["code"]) == (409, "dossier_broken")


async def test_the_same_press_twice_freezes_once(town: Town) -> None:
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    key = {"Idempotency-Key": "once"}
    answers = [await client.post("/dossiers", json=DAYS, headers=key) for _ in range(2)]
    assert [each.json()["number"] for each in answers] == [1, 1]
    committee = (await town.person(Role.COMMITTEE, at="coordination")).client
    assert (await committee.get("/dossiers", params={"cpts": CPTS})).status_code == 403
    assert (await committee.get("/dossiers/1.zip", params={"cpts": CPTS})).status_code == 403


async def test_every_list_leaves_as_a_file_as_its_reader_sees_it(town: Town) -> None:
    pharmacy = (await town.person(Role.PHARMACIST)).client
    client = (await town.person(Role.COORDINATOR, at="coordination")).client
    await served(town, pharmacy, 2)
    await write(client, await begun(client))
    await figures(client, requests=1, served_within_48_h_share=100)
    asked = {"cpts": CPTS, "since": "2026-11-01", "until": "2026-11-30"}
    for name, kind in itertools.product(("figures", "table", "contract", "behind"), ("csv", "xlsx")):
        more = {"formula": "served"} if name == "behind" else {}
        answer = await client.get(f"/exports/{name}.{kind}", params={**asked, **more})
        assert answer.status_code == 200, answer.text
        if (name, kind) == ("table", "csv"):
            lines = answer.content.decode("utf-8-sig").splitlines()
            assert lines == ["Commune;P1;P2;P3;P4;Total", "Mende;1;0;0;0;1", "Total;1;0;0;0;1"]
    committee = (await town.person(Role.COMMITTEE, at="coordination")).client
    hidden = (await committee.get("/exports/table.csv", params=asked)).content.decode("utf-8-sig").splitlines()
    assert hidden == ["Commune;P1;P2;P3;P4;Total", "Mende;< 5;0;0;0;< 5", "Total;< 5;0;0;0;< 5"]
    for refused in ("behind", "contract"):
        answer = await committee.get(f"/exports/{refused}.csv", params={**asked, "formula": "served"})
        assert answer.status_code == 403
