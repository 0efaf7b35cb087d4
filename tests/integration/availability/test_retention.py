"""What the documents promise to forget is forgotten, and what is younger stays."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from services.availability.store.forgetting import forget_patients
from services.people.forgetting import LINES, Retention, forget
from shared.auth import Role
from shared.db import Scope, run, set_scope
from shared.http.parts import read_parts
from shared.wiring import Wiring
from tests.builders import CPTS, MORNING, Service, Territory, a_hold, a_person, a_slot, owner, show

PRIVACY = Path(__file__).parents[3] / "docs" / "privacy.md"
INSERT = {
    "common.idempotency": "insert into common.idempotency (caller, key, request_hash, at) values (:k, :k, '', {at})",
    "common.session": "insert into common.session (token_hash, account_id, role, created_at, expires_at)"
    " select :k::bytea, id, 'coordinator', {at}, {at} from common.account limit 1",
    "common.live_ticket": "insert into common.live_ticket values (:k::bytea, '{{}}', {at})",
    "common.once_pass": "insert into common.once_pass"
    " select :k::bytea, 'setup', id, '{{}}', {at} from common.account limit 1",
    "common.access_log": "insert into common.access_log (cpts_id, at, account, role, action, object_kind, object_id)"
    f" values ('{CPTS}', {{at}}, '', '', '', '', :k)",
    "common.setting_change": "insert into common.setting_change (cpts_id, at, account, role, what, object_id, before,"
    f" after) values ('{CPTS}', {{at}}, '', '', '', :k, '{{{{}}}}', '{{{{}}}}')",
}
AGES = {"24 hours": "24 hours", "1 day": "1 day", "1 minute": "30 seconds", "3 years": "3 years"}


@pytest.mark.parametrize("line", LINES, ids=[line.table for line in LINES])
async def test_each_line_is_carried_out_to_the_hour(service: Service, line: Retention) -> None:
    await a_person(service.settings, Role.COORDINATOR)
    clock = "clock_timestamp()" if "clock_timestamp" in line.age else "common.now()"
    async with owner(service.settings) as session:
        before = (await run(session, text(f"select count(*) from {line.table}"))).scalar_one()
        for key, margin in (("old", "- interval '10 seconds'"), ("young", "+ interval '1 hour'")):
            statement = INSERT[line.table].format(at=f"{clock} - interval '{AGES[line.how_long]}' {margin}")
            await run(session, text(statement.replace(":k", f"'{key}'")))
    async with read_parts(service.app)[Wiring].open_session() as session:
        await set_scope(session, Scope(frozenset({"*"})))
        await forget(session)
    async with owner(service.settings) as session:
        assert (await run(session, text(f"select count(*) from {line.table}"))).scalar_one() == before + 1


def test_the_documents_promise_each_line_and_no_other_time() -> None:
    promised = PRIVACY.read_text()
    for line in LINES:
        assert f"| {line.what} | {line.how_long} | every hour" in promised


async def test_who_came_and_why_it_ended_are_erased_after_30_days(service: Service, territory: Territory) -> None:
    pharmacist = await service.person(Role.PHARMACIST)
    kept = await a_hold(pharmacist, await a_slot(await service.machine(), territory))
    cancelled = {"reason": "Camille EXEMPLE est guérie"}
    assert (await pharmacist.post(f"/bookings/{kept['id']}/cancellation", json=cancelled)).status_code == 200
    for days, left in ((29, 1), (31, 0)):
        await show(service.settings, MORNING + timedelta(days=days))
        async with read_parts(service.app)[Wiring].open_session() as session:
            await set_scope(session, Scope(frozenset({CPTS})))
            await forget_patients(session, CPTS)
        async with owner(service.settings) as session:
            query = text("select count(*) from availability.booking where reason is not null")
            assert (await run(session, query)).scalar_one() == left
