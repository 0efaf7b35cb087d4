"""The committee is told trends: whatever it asks, no request, no slot, no practitioner, no person."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from services.availability.main import build as build_availability
from services.coordination.main import build as build_coordination
from services.matching.exports.api import LISTS
from shared.auth import Role
from shared.db import database_now
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.builders import CPTS
from tests.towns import Person, Town, a_request

MONTH = {"since": "2026-11-01", "until": "2026-11-30", "formula": "requests"}
OF_THE_YEAR = ("figures", "table", "behind")
ITS_OWN = {"/session", "/account/sessions", "/notifications"}
"""What it reads of itself."""


def addresses(app: FastAPI, known: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Every address that an application answers to GET, about what is there, with what must be asked."""
    for path, operations in app.openapi()["paths"].items():
        if "get" not in operations:
            continue
        asked = [each for each in operations["get"].get("parameters", []) if each["in"] == "query"]
        values = {each["name"]: known[each["name"]] for each in asked if each["name"] in known}
        named = [name for name in re.findall(r"{(\w+)}", path) if name not in {"name", "kind"}]
        whole = re.sub(r"{(\w+)}", lambda part: known.get(part[1], part[0]), path)
        if len(named) == path.count("{"):
            yield whole, values
        else:
            for name in [*LISTS, *OF_THE_YEAR, "day", "ledger", "acts", "openings", "absences", "territory", "feeds"]:
                yield path.replace("{name}", name).replace("{kind}", "csv"), values


async def a_day(town: Town) -> tuple[dict[str, str], set[str]]:
    """A request that waits, one that is confirmed, a person of the register; and all that must not be told."""
    asker, runs = await town.person(Role.PHARMACIST), await town.person(Role.COORDINATOR)
    slot = await town.slot()
    waits = (await asker.client.post("/requests", json=a_request())).json()
    held = (await asker.client.post("/requests", json=a_request(hold={"slot_id": slot["id"]}))).json()
    assert (await asker.client.post(f"/requests/{held['id']}/confirmation", json={})).status_code == 200
    entry = {"cpts_id": CPTS, "insee": "48095", "reference": "A-17", "patient": {"name": "ESSAI-REGISTRE Fictif"}}
    registered = await runs.client.post("/attachments", json=entry)
    assert registered.status_code == 201, registered.text
    own = str(town.territory.practitioners[0])
    async with read_parts(town.matching)[Wiring].open_session() as session:
        now = (await database_now(session)).isoformat()
    known = {
        "request_id": held["id"],
        "slot_id": slot["id"],
        "booking_id": held["booking_id"],
        "cpts_id": CPTS,
        "practitioner_id": own,
        "attachment_id": registered.json()["id"],
        "cpts": CPTS,
        "of": held["id"],
        "q": "men",
        "from": now,
        "to": now,
        "since": now,
        "until": now,
        "without": own,
    }
    secret = {waits["id"], held["id"], slot["id"], held["booking_id"], registered.json()["id"], "ESSAI-", "A-17"}
    return known, secret | {str(each) for each in (*town.territory.practitioners, *town.territory.places)} | {
        waits["asked_by"]
    }


async def ask(person: Person, service: str, path: str, values: dict[str, str]) -> Any:
    base = str(person.client.base_url).rstrip("/").rsplit("/", 1)[0]
    return await person.client.get(f"{base}/{service}{path}", params=values, timeout=60)


async def heard(runs: Person) -> None:
    """Wait until the figures count the two requests of the day."""
    async with asyncio.timeout(20):
        while True:
            found = (await ask(runs, "coordination", "/figures", {"cpts": CPTS, **MONTH})).json()
            if {each["code"]: each["value"] for each in found}["requests"] == 2:
                return
            await asyncio.sleep(0.1)


async def test_no_address_tells_the_committee_of_anything_single(town: Town) -> None:
    known, secret = await a_day(town)
    committee, runs = await town.person(Role.COMMITTEE), await town.person(Role.COORDINATOR)
    services = {
        "matching": town.matching,
        "availability": build_availability(town.settings),
        "coordination": build_coordination(town.settings),
    }
    await heard(runs)
    told, answered, shown_to_who_runs = {}, 0, 0
    for service, app in services.items():
        for path, values in addresses(app, {**known, **MONTH} if service == "coordination" else known):
            if path in ITS_OWN:
                continue
            answer = await ask(committee, service, path, values)
            assert answer.status_code < 500, (service, path, answer.text)
            answered += answer.status_code == 200
            if answer.status_code == 200 and (found := {each for each in secret if each in answer.text}):
                told[service, path] = found
            more = await ask(runs, service, path, values)
            shown_to_who_runs += more.status_code == 200 and any(each in more.text for each in secret)
    assert told == {}
    assert answered >= 10
    # The day is there to be told: whoever runs the CPTS sees it.
    assert shown_to_who_runs >= 8


async def test_no_stream_tells_the_committee_of_anything_single(town: Town) -> None:
    _, secret = await a_day(town)
    committee = await town.person(Role.COMMITTEE)
    for service in ("matching", "availability"):
        snapshot = (await ask(committee, service, "/live/snapshot", {"cpts": CPTS})).json()
        said = json.dumps(snapshot["state"])
        assert [each for each in secret if each in said] == []
