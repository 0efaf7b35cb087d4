"""Names, phones and symptoms go through every use case, and are found nowhere but sealed, or told to who may know."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from shared.auth import Role
from shared.db import run
from tests.builders import MORNING, owner
from tests.towns import Town, a_request, until

SECRETS = ("Zzyxpatient", "0699887766", "vertiges-zzyx", "1987-06-05")
PATIENT = dict(zip(("name", "phone", "note", "birth_date"), SECRETS, strict=True))


@pytest.fixture
async def heard(town: Town) -> AsyncIterator[list[str]]:
    """Every command that Redis receives meanwhile."""
    lines: list[str] = []
    redis = Redis.from_url(town.settings.redis_url.get_secret_value())
    async with redis.monitor() as monitor:

        async def listen() -> None:
            note = lines.append
            async for command in monitor.listen():
                note(str(command))

        listening = asyncio.create_task(listen())
        yield lines
        listening.cancel()
    await redis.aclose()


async def test_patients_data_stay_out_of_logs_events_redis_and_plain_columns(
    town: Town, heard: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    await town.slot(0, hours=2)
    kept = await town.slot(1, hours=6)
    asker, coordinator = await town.person(Role.REGULATOR), await town.person(Role.COORDINATOR)
    served = await asker.client.post("/requests", json=a_request(answer_by=MORNING.isoformat(), patient=PATIENT))
    await until(asker.client, served.json()["id"], "confirmed")
    waiting = (await asker.client.post("/requests", json=a_request(urgency=4, patient=PATIENT))).json()["id"]
    await until(asker.client, waiting, "proposed")
    answers = [
        await asker.client.post("/options", json=a_request(patient=PATIENT)),
        await asker.client.post(f"/requests/{waiting}/hold", json={"slot_id": kept["id"]}),
        await asker.client.post(f"/requests/{waiting}/confirmation", json={"patient": PATIENT}),
        await asker.client.post(f"/requests/{waiting}/cancellation", json={"reason": "patient"}),
        await asker.client.post("/requests", json=a_request(patient={**PATIENT, "note": "2 55 08 14 168 025 38"})),
    ]
    assert [answer.status_code for answer in answers] == [200, 201, 200, 200, 422]
    assert (await coordinator.client.get(f"/requests/{waiting}/patient")).json() == PATIENT
    async with owner(town.settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        tables = await run(
            session,
            text(
                "select format('%I.%I', table_schema, table_name) from information_schema.tables"
                " where table_schema in ('matching', 'availability', 'common') and table_type = 'BASE TABLE'"
            ),
        )
        written = ""
        for table in tables.scalars().all():
            rows = await run(session, text(f"select row_to_json(t)::text from {table} t"))
            written += "\n".join(rows.scalars())
    assert "request_held.v1" in written
    assert heard
    everything = "\n".join([written, *heard, *capsys.readouterr(), *(answer.text for answer in answers)])
    assert [secret for secret in (*SECRETS, "16802538") if secret in everything.replace(" ", "")] == []
