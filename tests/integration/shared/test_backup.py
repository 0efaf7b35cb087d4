"""A backup holds everything, a restore brings it back, and whoever followed before it starts again."""

from pathlib import Path

import pytest
from sqlalchemy import text

from services.cli.backup import backup, new_epoch, restore
from services.installation.together import build
from shared.db import run
from shared.embedded.place import CannotStart
from shared.settings import Settings
from tests.builders import CPTS, a_territory, owner
from tests.towns import with_communes

Heads = list[tuple[str, str, int]]
HEADS = text(
    "select 'availability', epoch::text, seq from availability.event_head "
    "union all select 'matching', epoch::text, seq from matching.event_head order by 1"
)


async def heads(settings: Settings) -> Heads:
    async with owner(settings) as session:
        return [tuple(row) for row in (await run(session, HEADS)).all()]


async def communes(settings: Settings) -> int:
    async with owner(settings) as session:
        return int((await run(session, text("select count(*) from common.commune"))).scalar_one())


@pytest.fixture
async def installation(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A base with something in it, as the commands find it."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REDIS_URL", settings.redis_url.get_secret_value())
    monkeypatch.setenv("AIGUILLAGE_DEMO", "1")
    await with_communes(settings)
    await a_territory(settings)
    return settings


async def test_what_was_saved_comes_back_and_its_streams_begin_again(installation: Settings, tmp_path: Path) -> None:
    said: list[str] = []
    file = tmp_path / "saved.dump"
    before, known = await heads(installation), await communes(installation)
    assert before
    await backup(tmp_path, file, say=said.append)
    assert file.stat().st_mode & 0o777 == 0o600
    async with owner(installation) as session:
        await run(session, text("delete from common.commune"))
        await run(session, text("update availability.event_head set seq = seq + 7"))
    await restore(tmp_path, file, say=said.append)
    after = await heads(installation)
    assert await communes(installation) == known
    assert [(service, seq) for service, _, seq in after] == [(service, seq) for service, _, seq in before]
    assert {epoch for _, epoch, _ in after}.isdisjoint({epoch for _, epoch, _ in before})
    # The services start on it with their own roles, and read it.
    app = build(installation)
    async with app.router.lifespan_context(app):
        pass


async def test_a_restore_is_refused_while_services_are_connected(installation: Settings, tmp_path: Path) -> None:
    file = tmp_path / "saved.dump"
    await backup(tmp_path, file, say=lambda _: None)
    before = await heads(installation)
    app = build(installation)
    async with app.router.lifespan_context(app):
        with pytest.raises(CannotStart, match="arrêter"):
            await restore(tmp_path, file, say=lambda _: None)
    assert await heads(installation) == before


@pytest.mark.parametrize("content", [b"", b"not a backup", b"PGDMP\x01\x0e"])
async def test_a_file_that_is_no_backup_changes_nothing(installation: Settings, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.dump"
    file.write_bytes(content)
    before, known = await heads(installation), await communes(installation)
    with pytest.raises(CannotStart, match="rien n'a changé"):
        await restore(tmp_path, file, say=lambda _: None)
    assert (await heads(installation), await communes(installation)) == (before, known)


async def test_a_backup_never_writes_over_another_and_leaves_nothing_half_written(
    installation: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "saved.dump"
    file.write_text("yesterday's")
    with pytest.raises(CannotStart, match="existe déjà"):
        await backup(tmp_path, file, say=lambda _: None)
    assert file.read_text() == "yesterday's"
    with pytest.raises(CannotStart):
        await backup(tmp_path, tmp_path / "nowhere" / "saved.dump", say=lambda _: None)
    assert [each.name for each in tmp_path.iterdir()] == ["saved.dump"]


async def test_every_stream_begins_again_when_told_to(installation: Settings, tmp_path: Path) -> None:
    before = await heads(installation)
    await new_epoch(tmp_path, say=lambda _: None)
    after = await heads(installation)
    assert [epoch for _, epoch, _ in after] != [epoch for _, epoch, _ in before]
    assert CPTS
