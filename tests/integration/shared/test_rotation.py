"""Another key for what is stored: nothing is lost, whoever writes meanwhile, however often it is cut."""

import asyncio
import base64
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from services.cli.keys import new, rotate_all
from services.installation import rotation
from services.installation.rotation import rotate
from services.installation.sealed import require_keys
from services.installation.store import put_sealed
from shared.db import run
from shared.embedded.place import CannotStart
from shared.patients.vault import Vault
from shared.settings import Settings
from tests.builders import CPTS, owner

OLD, NEW = (SecretStr(base64.b64encode(bytes([n]) * 32).decode()) for n in (1, 2))
ROWS = 450
NOTES = text("select id::text, text_sealed from matching.request_note order by id")


def keyed(settings: Settings, **keys: SecretStr) -> Settings:
    return settings.model_copy(update={"data_keys": keys})


async def write_notes(settings: Settings, first: int, count: int) -> None:
    """So many sealed values, as these settings seal them."""
    vault = Vault(settings.vault_keys())
    async with owner(settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        await run(session, text("set local session_replication_role = replica"))
        for number in range(first, first + count):
            note = str(UUID(int=number))
            sealed = vault.seal({"text": f"note {number}"}, cpts_id=CPTS, row_id=note)
            insert = text(
                "insert into matching.request_note (id, cpts_id, request_id, at, by, text_sealed)"
                " values (:id, :cpts, :id, now(), 'x', :sealed)"
            )
            await run(session, insert, id=note, cpts=CPTS, sealed=sealed)


async def read_notes(settings: Settings) -> tuple[set[str], set[str]]:
    """What the notes say, opened by these settings' keys; and the names of the keys that sealed them."""
    vault = Vault(settings.vault_keys())
    async with owner(settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        rows = (await run(session, NOTES)).all()
    opened = {vault.open(row.text_sealed, cpts_id=CPTS, row_id=row.id)["text"] for row in rows}
    return opened, {row.text_sealed.partition(b":")[0].decode() for row in rows}


async def rotate_whole(settings: Settings) -> dict[str, tuple[int, int, int]]:
    """Resealed, lost and left, by table, where there was anything."""
    found = {each.place.table: (each.resealed, len(each.lost), each.left) async for each in rotate(settings)}
    return {table: counts for table, counts in found.items() if any(counts)}


async def test_what_an_older_key_sealed_is_sealed_by_the_newest_and_the_older_may_go(settings: Settings) -> None:
    old, both, new = keyed(settings, a=OLD), keyed(settings, a=OLD, b=NEW), keyed(settings, b=NEW)
    await write_notes(old, 1, ROWS)
    assert await rotate_whole(both) == {"matching.request_note": (ROWS, 0, 0)}
    assert await rotate_whole(both) == {}
    opened, sealers = await read_notes(new)
    assert (len(opened), sealers) == (ROWS, {"b"})
    await require_keys(new)


async def test_cut_in_the_middle_it_goes_on_where_it_was(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    both = keyed(settings, a=OLD, b=NEW)
    await write_notes(keyed(settings, a=OLD), 1, ROWS)
    real, left = put_sealed, [250]

    async def die(*given: object) -> None:
        left[0] -= 1
        if not left[0]:
            raise ConnectionResetError
        await real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(rotation, "put_sealed", die)
    with pytest.raises(ConnectionResetError):
        await rotate_whole(both)
    opened, sealers = await read_notes(both)
    assert (len(opened), sealers) == (ROWS, {"a", "b"})
    monkeypatch.undo()
    assert await rotate_whole(both) == {"matching.request_note": (ROWS - rotation.BATCH, 0, 0)}


async def test_two_at_once_with_services_that_write_meanwhile_lose_nothing(settings: Settings) -> None:
    both = keyed(settings, a=OLD, b=NEW)
    await write_notes(keyed(settings, a=OLD), 1, ROWS)
    async with asyncio.TaskGroup() as doing:
        rotations = [doing.create_task(rotate_whole(both)) for _ in range(2)]
        for n in range(10):
            doing.create_task(write_notes(keyed(settings, a=OLD), 1000 + n * 10, 10))
    assert sum(each.result().get("matching.request_note", (0, 0, 0))[0] for each in rotations) >= ROWS
    await rotate_whole(both)
    opened, sealers = await read_notes(keyed(settings, b=NEW))
    assert (len(opened), sealers) == (ROWS + 100, {"b"})


async def test_what_no_key_opens_is_named_left_alone_and_keeps_the_exit_code(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_notes(keyed(settings, a=OLD), 1, 3)
    async with owner(settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        spoilt = text("update matching.request_note set text_sealed = text_sealed || 'x'::bytea where id = :id")
        await run(session, spoilt, id=UUID(int=2))
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REDIS_URL", settings.redis_url.get_secret_value())
    monkeypatch.setenv("AIGUILLAGE_DEMO", "true")
    monkeypatch.setenv("AIGUILLAGE_DATA_KEYS", f'{{"a": "{OLD.get_secret_value()}", "b": "{NEW.get_secret_value()}"}}')
    said: list[str] = []
    assert await rotate_all(tmp_path, say=said.append) is False
    assert f"matching.request_note.text_sealed : 2 chiffrés à nouveau ; 1 qu'aucune clé n'ouvre ({UUID(int=2)})" in said
    assert said[-1] == "Une ancienne clé sert encore : ne rien retirer."


@pytest.mark.parametrize("name", ["", "a:b", "derived", "clé"])
def test_a_name_that_no_key_may_have_is_refused(name: str) -> None:
    with pytest.raises(CannotStart):
        new(name)
