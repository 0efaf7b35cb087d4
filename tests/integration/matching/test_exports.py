"""Every list leaves as a file from one address, for who sees it and nobody else, and no cell of it is a formula."""

from typing import get_args

import httpx
import pytest
from sqlalchemy import text

from services.matching.engine.model import Blocker
from services.matching.exports.api import LISTS
from services.matching.exports.lists import say_reason
from services.matching.sameday.api.requests import CancellationForm, ClosureForm
from services.matching.sameday.app.parameters import CptsParameters
from services.matching.sameday.app.round.deciding import UNDONE
from shared.auth import Role
from shared.db import run
from shared.http.export import inert
from shared.wording.labels import wording
from tests.builders import CPTS, owner
from tests.towns import Town, a_request

ABOUT = {"story", "proposals", "equity"}
REOPENED = ("released", "booking_ended", "slot_withdrawn")
"""Why a request is on the board again, as its story has it."""
PEOPLE = (Role.COORDINATOR, Role.COMMITTEE, Role.ADMIN, Role.PHARMACIST)


async def asked(client: httpx.AsyncClient, name: str, kind: str = "csv") -> httpx.Response:
    return await client.get(f"/exports/{name}.{kind}", params={"cpts": CPTS}, timeout=60)


async def test_each_list_is_for_who_sees_it(town: Town) -> None:
    pharmacy = await town.person(Role.PHARMACIST)
    request = (await pharmacy.client.post("/requests", json=a_request())).json()["id"]
    people = {role: (await town.person(role)).client for role in PEOPLE}
    for name in LISTS.keys() - ABOUT:
        for role, client in people.items():
            expected = 200 if role in LISTS[name][0] else 403
            assert (await asked(client, name)).status_code == expected, (name, role)
    sheet = await asked(people[Role.ADMIN], "board", "xlsx")
    assert sheet.content.startswith(b"PK")
    assert sheet.headers["content-disposition"] == (
        'attachment; filename="demandes-en-cours-cpts-d-essai-1-2026-11-24.xlsx"'
    )
    assert (await asked(people[Role.ADMIN], "nothing")).status_code == 404
    assert "Mende;1;" in (await asked(people[Role.COORDINATOR], "communes")).text
    assert "Commune;Mende;moins de 5;" in (await asked(people[Role.COMMITTEE], "review")).text
    assert (
        "Qui passe d'abord;Affection de longue durée, Grossesse" in (await asked(people[Role.ADMIN], "parameters")).text
    )
    of = {"cpts": CPTS, "of": request}
    story = await people[Role.COORDINATOR].get("/exports/story.csv", params=of)
    assert "Demande faite" in story.text
    assert (await people[Role.PHARMACIST].get("/exports/story.csv", params=of)).status_code == 404
    assert "Mende;" in (await pharmacy.client.get("/exports/mine.csv", params=of)).text


async def test_what_somebody_typed_is_no_formula_in_a_spreadsheet(town: Town) -> None:
    admin = await town.person(Role.ADMIN)
    async with owner(town.settings) as session:
        await run(session, text("update common.account set label = '=cmd|calc'"))
    assert "\r\n'=cmd|calc;" in (await asked(admin.client, "members")).content.decode("utf-8-sig")
    assert [inert(cell) for cell in ("=1", "+1", "-1", "@x", "\t=1", "a-b")] == [
        "'=1", "'+1", "'-1", "'@x", "'\t=1", "a-b",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_reason_leaves_as_a_code(language: str) -> None:
    words = wording(language)
    closed = [get_args(form.model_fields["reason"].annotation) for form in (CancellationForm, ClosureForm)]
    steps = [step.step for step in CptsParameters().escalation]
    codes = [*closed[0], *closed[1], *steps, *map(str, Blocker), *UNDONE, *REOPENED]
    assert {code for code in codes if say_reason(words, code) == code} == set()
