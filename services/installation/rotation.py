"""Sealing anew, by the newest key, what older ones sealed: while the services run, in small steps, resumed at will."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.installation.sealed import EVERYTHING, PLACES, Sealed, is_there
from services.installation.store import count_old, lock_old, put_sealed
from shared.patients.vault import KeyLost, Vault
from shared.settings import Settings

BATCH, MOST_PASSES = 200, 20
"""Rows of one transaction; passes over a table, for those that somebody else had locked."""
FIRST = "(0,0)"


@dataclass(slots=True)
class Rotated:
    """What became of one sealed column. `lost`: the rows that no key of ours opens; `left`: what is still to do."""

    place: Sealed
    resealed: int = 0
    lost: set[str] = field(default_factory=set)
    left: int = 0

    @property
    def done(self) -> bool:
        """Whether the older keys are of no more use here."""
        return not self.lost and not self.left


async def rotate(settings: Settings) -> AsyncIterator[Rotated]:
    """Seal everything by the last of our keys, one column after the other; may be cut at any time and run again."""
    vault = Vault(settings.vault_keys())
    engine = create_async_engine(settings.database_url.get_secret_value())
    try:
        for place in PLACES:
            async with engine.connect() as connection:
                there = await is_there(connection, place)
            if there:
                yield await _rotate(engine, vault, Rotated(place))
    finally:
        await engine.dispose()


async def _rotate(engine: AsyncEngine, vault: Vault, found: Rotated) -> Rotated:
    for _ in range(MOST_PASSES):
        before, after = found.resealed, FIRST
        while after:
            after = await _one_batch(engine, vault, found, after)
        async with engine.begin() as connection:
            await connection.execute(EVERYTHING)
            found.left = max(0, await count_old(connection, found.place, vault.mark) - len(found.lost))
        if not found.left or found.resealed == before:
            break
    return found


async def _one_batch(engine: AsyncEngine, vault: Vault, found: Rotated, after: str) -> str:
    """Seal the next rows anew, in one transaction; answers where the last one lay, nothing at the end of the table."""
    async with engine.begin() as connection:
        await connection.execute(EVERYTHING)
        rows = await lock_old(connection, found.place, vault.mark, after, BATCH)
        for row in rows:
            bound = {"cpts_id": row.cpts_id, "row_id": row.row_id}
            try:
                new = vault.seal(vault.open(row.value, **bound), **bound)
            except KeyLost:
                found.lost.add(row.row_id)
                continue
            await put_sealed(connection, found.place, row.at, row.value, new)
            found.resealed += 1
    return rows[-1].at if rows else ""
