"""What was logged is sealed: whatever is changed, removed or slipped in afterwards is found, and where."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from services.cli.doctor import examine
from services.people.sealing import SealCheck, check, key_of, seal
from shared.db import Scope, run, set_scope
from shared.db.tables import AccessRow, SettingChangeRow
from shared.settings import Settings
from shared.wiring import Wiring, running, wire
from tests.builders import CPTS, MORNING, owner, show

TAMPERED = {
    "a row is changed": "update common.access_log set account = 'somebody else' where object_id = '4'",
    "a row is removed": "delete from common.access_log where object_id = '4'",
    "two rows change places": (
        "update common.access_log set object_id = case object_id when '3' then '4' else '3' end"
        " where object_id in ('3', '4')"
    ),
    "a row is dated otherwise": "update common.access_log set at = at + interval '1 s' where object_id = '4'",
    "a row is slipped in": (
        "update common.access_log set id = id + 1000 where object_id = '9';"
        "insert into common.access_log select id - 1000, cpts_id, at, account, role, action, object_kind, 'new'"
        " from common.access_log where object_id = '9'"
    ),
    "a seal is taken out": "delete from common.seal where number = 1",
    "a seal is made up": "update common.seal set hash = sha256('x') where number = 2",
}


@pytest.fixture
async def wiring(settings: Settings) -> AsyncIterator[Wiring]:
    """Who seals, at half past eight."""
    await show(settings, MORNING)
    found = wire("availability", settings)
    async with running(found):
        yield found


async def log(settings: Settings, first: int, count: int, minutes_ago: float) -> None:
    """Log so many accesses, and one change of a setting."""
    async with owner(settings) as session:
        at = MORNING - timedelta(minutes=minutes_ago)
        who: dict[str, Any] = {"cpts_id": CPTS, "at": at, "account": "a", "role": "pharmacist"}
        for number in range(first, first + count):
            session.add(AccessRow(**who, action="read", object_kind="request", object_id=str(number)))
            await session.flush()
        session.add(SettingChangeRow(**who, what="member", object_id="x", before={"b": 1, "a": 2}, after={}))


async def seal_now(wiring: Wiring) -> None:
    async with wiring.open_session() as session:
        await set_scope(session, Scope(frozenset({"*"})))
        await seal(session, key_of(wiring.settings))


async def checked(settings: Settings) -> dict[str, SealCheck]:
    """What the doctor finds, by log."""
    engine = create_async_engine(settings.database_url.get_secret_value())
    try:
        async with engine.connect() as connection:
            return {each.log: each for each in await check(connection, key_of(settings), MORNING)}
    finally:
        await engine.dispose()


async def sealed_twice(wiring: Wiring) -> None:
    """Two seals of five accesses each, and three accesses that wait for theirs."""
    await log(wiring.settings, 0, 5, minutes_ago=60)
    await seal_now(wiring)
    await log(wiring.settings, 5, 5, minutes_ago=20)
    await seal_now(wiring)
    await log(wiring.settings, 10, 3, minutes_ago=1)
    await seal_now(wiring)


async def test_what_is_settled_is_sealed_once_and_fits(wiring: Wiring) -> None:
    assert (await checked(wiring.settings))["access_log"] == SealCheck("access_log", 0, 0, 0)
    await sealed_twice(wiring)
    await seal_now(wiring)
    found = await checked(wiring.settings)
    assert found["access_log"] == SealCheck("access_log", 2, 10, 3)
    assert found["setting_change"] == SealCheck("setting_change", 2, 2, 1)


@pytest.mark.parametrize("how", TAMPERED)
async def test_what_no_longer_fits_is_found(wiring: Wiring, how: str) -> None:
    await sealed_twice(wiring)
    async with owner(wiring.settings) as session:
        for statement in TAMPERED[how].split(";"):
            await run(session, text(statement))
    assert (await checked(wiring.settings))["access_log"].broken
    assert not (await checked(wiring.settings))["setting_change"].broken or "seal" in how


async def test_another_key_seals_nothing_of_ours(wiring: Wiring) -> None:
    await sealed_twice(wiring)
    other = wiring.settings.model_copy(update={"secret_key": type(wiring.settings.secret_key)("x" * 40)})
    engine = create_async_engine(wiring.settings.database_url.get_secret_value())
    async with engine.connect() as connection:
        assert all(each.broken for each in await check(connection, key_of(other), MORNING))
    await engine.dispose()


async def test_rows_that_are_erased_on_schedule_leave_their_seal(wiring: Wiring) -> None:
    await log(wiring.settings, 0, 5, minutes_ago=60 * 24 * 365 * 3 + 3000)
    await seal_now(wiring)
    await log(wiring.settings, 5, 5, minutes_ago=20)
    await seal_now(wiring)
    async with owner(wiring.settings) as session:
        await run(session, text("delete from common.access_log where at < common.now() - interval '3 years'"))
    assert (await checked(wiring.settings))["access_log"] == SealCheck("access_log", 2, 5, 0)


async def test_no_service_changes_what_is_sealed(wiring: Wiring) -> None:
    await sealed_twice(wiring)
    changes = ("update common.seal set rows = 0", "update common.access_log set account = ''",
               "update common.setting_change set account = ''")  # fmt: skip
    removals = [f"delete from common.{table}" for table in ("seal", "access_log", "setting_change")]
    for service in ("availability", "matching", "coordination"):
        engine = create_async_engine(wiring.settings.role_url(f"aiguillage_{service}"))
        for statement in (*changes, *removals):
            async with engine.connect() as connection:
                with pytest.raises(ProgrammingError, match="permission denied"):
                    await connection.execute(text(statement))
        await engine.dispose()


async def test_the_doctor_says_where_a_log_no_longer_fits(
    wiring: Wiring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = wiring.settings
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REDIS_URL", settings.redis_url.get_secret_value())
    monkeypatch.setenv("AIGUILLAGE_SECRET_KEY", settings.secret_key.get_secret_value())
    monkeypatch.setenv("AIGUILLAGE_DEMO", "1" if settings.demo else "0")
    await sealed_twice(wiring)
    found = {finding.what: finding async for finding in examine(tmp_path)}["Journaux scellés"]
    assert (found.fine, found.seen) == (
        True, "access_log 10 lignes (3 attendent), setting_change 2 lignes (1 attendent)"
    )  # fmt: skip
    async with owner(settings) as session:
        await run(session, text(TAMPERED["a row is changed"]))
    found = {finding.what: finding async for finding in examine(tmp_path)}["Journaux scellés"]
    assert not found.fine
    assert found.seen.startswith("access_log : le scellé 1 (du 24/11/2026")
