"""A year counted a second time, naively, from the raw events; whatever their order, and however often it is heard."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from services.availability import orders
from services.availability.app import directory
from shared.auth import Role
from shared.db import run
from shared.settings import Settings
from tests.builders import owner
from tests.towns import a_town, signed_in, with_communes
from tests.year import RawEvent, a_year, owner_dsn, write_logs

YEAR = "990000777"

SINCE, UNTIL = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
DAYS = {"cpts": YEAR, "since": "2026-02-01", "until": "2026-11-30"}
HOUR = timedelta(hours=1)


def naive(events: list[RawEvent]) -> dict[str, float]:
    """Some figures of the period, one plain loop each; Paris is an hour ahead of UTC at both its ends."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    first: dict[tuple[str, str, str], datetime] = {}
    for each in events:
        key = each.body["collection"], each.body["id"]
        last[key] = each.body["value"]
        first.setdefault((*key, each.body["value"].get("state", "")), each.at)

    def inside(at: str) -> bool:
        return SINCE <= datetime.fromisoformat(at) + HOUR < UNTIL

    requests = {key: value for key, value in last.items() if key[0] == "requests" and inside(value["submitted_at"])}
    requests = {key: value for key, value in requests.items() if value["reason"] != "mistake"}
    served = {key for key, value in requests.items() if value["state"] in ("confirmed", "honoured", "no_show")}
    asked = {key: datetime.fromisoformat(value["submitted_at"]) for key, value in requests.items()}
    quick = [key for key in served if first[(*key, "confirmed")] - asked[key] <= timedelta(hours=48)]
    held = [
        key for key in requests if first.get((*key, "held"), UNTIL + HOUR * 999) - asked[key] <= timedelta(minutes=30)
    ]
    slots = [value for key, value in last.items() if key[0] == "slots" and inside(value["starts_at"])]
    open_slots = [value for value in slots if value["status"] != "withdrawn"]
    entries = {key: value for key, value in last.items() if key[0] == "attachments" and inside(value["registered_at"])}
    entries = {key: value for key, value in entries.items() if value["reason"] != "duplicate"}
    answered = [
        key for key, value in entries.items()
        if (*key, "proposed") in first
        and first[(*key, "proposed")] - datetime.fromisoformat(value["registered_at"]) <= timedelta(days=30)
    ]  # fmt: skip
    gps = {value["practitioner_id"] for value in open_slots if "SNP" in value["types"]}
    members = sum(key[0] == "practitioners" for key in last)
    return {
        "requests": len(requests),
        "served_within_48_h_share": round(100 * len(quick) / len(requests), 2),
        "offered_within_30_min_share": round(100 * len(held) / len(requests), 2),
        "unserved_share": round(
            100 * sum(each["state"] == "unserved" for each in requests.values()) / len(requests), 2
        ),
        "places_opened": len(open_slots),
        "places_remote": sum("VR" in value["modes"] for value in open_slots),
        "places_taken_share": round(100 * sum(value["taken"] for value in slots) / len(open_slots), 2),
        "gps_in_sas_share": round(100 * len(gps) / members, 2),
        "entries": len(entries),
        "answered_within_30_days_share": round(100 * len(answered) / len(entries), 2),
        "attached": sum(value["state"] == "confirmed" for value in entries.values()),
    }


@asynccontextmanager
async def lived(settings: Settings, events: list[RawEvent]) -> AsyncIterator[httpx.AsyncClient]:
    """A coordinator of a CPTS whose logs held this year before anybody listened."""
    kept = (await with_communes(settings)).model_copy(update={"event_history_hours": 24 * 800})
    async with owner(kept) as session:
        await directory.put_cpts(session, YEAR, orders.Cpts(name="CPTS d'une année", size=3, communes=["48095"]))
    await write_logs(owner_dsn(kept), YEAR, events)
    async with a_town(kept) as town:
        url = f"{town.settings.public_url}/coordination"
        person = await signed_in(town.settings, Role.COORDINATOR, cpts=YEAR, base_url=url)
        async with person.client as client:
            yield client


async def figures(client: httpx.AsyncClient, wanted: dict[str, float]) -> dict[str, float]:
    """The figures of the period that are wanted, once all is heard."""
    found: dict[str, Any] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while found != wanted:
                await asyncio.sleep(0.1)
                answer = await client.get("/figures", params=DAYS)
                assert answer.status_code == 200, answer.text
                found = {each["code"]: each["value"] for each in answer.json() if each["code"] in wanted}
    return found


async def test_every_figure_is_what_a_plain_count_of_the_raw_events_says(settings: Settings) -> None:
    events = a_year(seed=7, requests=400)
    wanted = naive(events)
    async with lived(settings, events) as client:
        assert await figures(client, wanted) == wanted
        table = (await client.get("/figures/table", params=DAYS)).json()
        assert table["counts"][-1][-1] == wanted["requests"]
        dossier = await client.post("/dossiers", json={"cpts_id": YEAR, "since": DAYS["since"], "until": DAYS["until"]})
        taken = await client.get("/dossiers/1.zip", params={"cpts": YEAR})
        with zipfile.ZipFile(io.BytesIO(taken.content)) as archive:
            data = json.loads(archive.read("dossier.json"))
        frozen = {code: data["figures"][code]["value"] for code in wanted}
        assert {code: round(value, 2) for code, value in frozen.items()} == wanted
        assert dossier.status_code == 201


AGAIN = text("""
select collection, subject, (array_agg(body order by at desc, seq desc))[1] as body, (
  select jsonb_object_agg(state, at) from (
    select body ->> 'state' as state, min(at) as at from coordination.fact f
    where f.collection = fact.collection and f.subject = fact.subject and f.body ? 'state' group by 1
  ) each
) as firsts
from coordination.fact where cpts_id = :cpts group by collection, subject order by collection, subject
""")
KEPT = text("select collection, subject, body, firsts from coordination.subject where cpts_id = :cpts order by 1, 2")


async def test_what_is_kept_of_each_subject_is_what_its_facts_say_anew(settings: Settings) -> None:
    events = a_year(seed=11, requests=60)
    async with lived(settings, events) as client:
        wanted = naive(events)
        assert await figures(client, wanted) == wanted
        async with owner(settings) as session:
            again = (await run(session, AGAIN, cpts=YEAR)).all()
            kept = (await run(session, KEPT, cpts=YEAR)).all()
    assert [(row.collection, row.subject, row.body, row.firsts or {}) for row in again] == [tuple(row) for row in kept]
