"""The keys of what is stored: those that do not open it are refused before anything is lost."""

import base64
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.cli.doctor import examine
from services.installation.histories import HISTORIES
from services.installation.sealed import PLACES, require_keys
from services.installation.starting import install
from services.people.notices.keys import push_key
from shared.embedded.place import CannotStart
from shared.settings import Settings
from shared.wiring import running, wire

OWN_SECRET = "an-installation-of-its-own-with-a-long-secret"
KEY = SecretStr(base64.b64encode(bytes(32)).decode())


async def sealed_by(settings: Settings) -> None:
    """Store something sealed, as these settings seal it."""
    async with running(wire("availability", settings)) as wiring, wiring.open_session() as session:
        await push_key(session, wiring.vault, settings)


def test_every_sealed_column_is_looked_at() -> None:
    tables = [table for history in HISTORIES for table in history.metadata.tables.values()]
    stored = {(table.fullname, each.name) for table in tables for each in table.columns if each.name.endswith("sealed")}
    assert stored == {(place.table, place.column) for place in PLACES}


async def test_a_key_may_be_added_and_none_may_be_missing(settings: Settings) -> None:
    await require_keys(settings)
    await sealed_by(settings.model_copy(update={"data_keys": {"2026": KEY}}))
    with pytest.raises(CannotStart, match=r"« 2026 » \(common.notice_key\).*AIGUILLAGE_DATA_KEYS"):
        await require_keys(settings)
    changed = {"2026": SecretStr(base64.b64encode(bytes(range(32))).decode())}
    with pytest.raises(CannotStart, match="« 2026 »"):
        await require_keys(settings.model_copy(update={"data_keys": changed}))
    newer = SecretStr(base64.b64encode(bytes(range(32))).decode())
    await require_keys(settings.model_copy(update={"data_keys": {"2026": KEY, "2027": newer}}))


async def test_another_secret_is_refused_at_the_start_and_named_by_the_doctor(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sealed_by(settings)
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REDIS_URL", settings.redis_url.get_secret_value())
    monkeypatch.setenv("AIGUILLAGE_SECRET_KEY", OWN_SECRET)
    with pytest.raises(CannotStart, match="« derived »"):
        async with install(tmp_path, migrate=False):
            pass
    found = {finding.what: finding async for finding in examine(tmp_path)}
    assert not found["Clés des données"].fine
    assert "« derived » (common.notice_key)" in found["Clés des données"].seen
    assert found["PostgreSQL"].fine
