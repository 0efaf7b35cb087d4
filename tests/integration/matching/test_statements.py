"""How many statements an operation takes at matching's side: as many as docs/booking-path.md says, not one more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.auth import Role
from shared.http import COOKIE
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.builders import a_person
from tests.statements import counted, documented
from tests.towns import Town, a_request

PATIENT = {"name": "Essai Fictif", "phone": "0600000000"}


@asynccontextmanager
async def beside(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    """A pharmacist who calls the service in the task of the test."""
    cookies = {COOKIE: await a_person(town.settings, Role.PHARMACIST)}
    transport = httpx.ASGITransport(app=town.matching)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://matching", cookies=cookies, headers={"origin": town.settings.public_url}
    ) as client:
        yield client


async def called(client: httpx.AsyncClient, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    """The answer to a success; what is asked twice is asked by another key."""
    key = {"Idempotency-Key": uuid4().hex}
    answer = await (client.get(path) if body is None else client.post(path, json=body, headers=key))
    assert answer.is_success, answer.text
    value: dict[str, Any] = answer.json()
    return value


async def test_each_operation_takes_the_statements_that_the_page_grants_it(town: Town) -> None:
    one, other = await town.slot(0, capacity=5), await town.slot(1, capacity=5)
    taken: dict[str, int] = {}
    async with beside(town) as client:
        # What a process reads once a minute was read.
        await called(client, "/requests", a_request())

        async def count(name: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
            with counted(read_parts(town.matching)[Wiring].engine) as sent:
                answer = await called(client, path, body)
            taken[name] = len(sent)
            return answer

        def held(slot: dict[str, Any], **more: Any) -> dict[str, Any]:
            return a_request(hold={"slot_id": slot["id"]}, **more)

        waiting = await count("request", "/requests", a_request(patient=PATIENT))
        await count("options", f"/requests/{waiting['id']}/options", None)
        chosen = await count("request with the slot that was chosen", "/requests", held(one, patient=PATIENT))
        await count("another slot instead", f"/requests/{chosen['id']}/hold", {"slot_id": other["id"]})
        await count("confirm, with the patient", f"/requests/{chosen['id']}/confirmation", {"patient": PATIENT})
        await count("cancel what is confirmed", f"/requests/{chosen['id']}/cancellation", {"reason": "patient"})
        for name, then in {"release: the patient leaves": "leave", "release: another slot": "other_slot"}.items():
            let_go = await called(client, "/requests", held(one))
            await count(name, f"/requests/{let_go['id']}/release", {"then": then})
    granted = documented("matching")
    differ = {name: (taken.get(name), granted.get(name)) for name in taken.keys() | granted.keys()}
    assert {name: pair for name, pair in differ.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize("again", range(2))
async def test_what_is_kept_of_the_list_is_never_an_absence(town: Town, again: int) -> None:
    async with beside(town) as client:
        answer = await client.post("/requests", json=a_request(motive=f"unknown{again}"))
        assert (answer.status_code, answer.json()["field"]) == (422, "motive")
