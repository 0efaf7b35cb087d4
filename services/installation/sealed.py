"""Whether our keys open what is stored. Others would lose it in silence: a start with them is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.db import AWAY
from shared.embedded.place import CannotStart
from shared.patients.vault import KeyLost, Vault
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed values, and what each is bound to, as SQL: its CPTS and its row."""

    table: str
    column: str
    cpts_id: str
    row_id: str

    def parts(self) -> dict[str, str]:
        """What a statement about it is filled with."""
        return {name: getattr(self, name) for name in Sealed.__slots__}


PLACES: Sequence[Sealed] = (
    Sealed("common.account", "totp_sealed", "'account'", "id::text"),
    Sealed("common.notice_key", "private_sealed", "''", "'notice key'"),
    Sealed("common.notice_device", "subscription_sealed", "''", "id::text"),
    Sealed("availability.booking", "patient_sealed", "cpts_id", "id::text"),
    Sealed("availability.agenda_feed", "address_sealed", "''", "practitioner_id::text"),
    Sealed("availability.agenda_feed", "kept_sealed", "''", "practitioner_id::text"),
    Sealed("matching.request", "patient_sealed", "cpts_id", "id::text"),
    Sealed("matching.request_note", "text_sealed", "cpts_id", "id::text"),
    Sealed("matching.attachment", "patient_sealed", "cpts_id", "id::text"),
    Sealed("matching.patient_contact", "to_sealed", "cpts_id", "request_id::text"),
    Sealed("matching.patient_message", "sealed", "cpts_id", "id::text"),
)
REMEDY = "Remettre AIGUILLAGE_SECRET_KEY, ou dans AIGUILLAGE_DATA_KEYS les clés, comme avant ; une nouvelle en dernier."
EVERYTHING = text("select set_config('aiguillage.cpts', '*', true), set_config('aiguillage.practitioners', '*', true)")
_SAMPLES = """
with sealed as (
  select {cpts_id} as cpts_id, {row_id} as row_id, {column} as value,
    encode(substring({column} for position('\\x3a'::bytea in {column}) - 1), 'escape') as key
  from {table} where {column} is not null
)
(select distinct on (key) * from sealed order by key, row_id)
union all (select distinct on (key) * from sealed order by key, row_id desc)
"""
"""The first and the last value of each key: a key of the same name may have changed meanwhile."""


async def find_unopened(connection: AsyncConnection, keys: Mapping[str, bytes]) -> list[str]:
    """The keys, by name and table, whose values ours do not open. Tables not made yet hold none."""
    vault, lost = Vault(keys), set()
    await connection.execute(EVERYTHING)
    for place in PLACES:
        if not await is_there(connection, place):
            continue
        for row in await connection.execute(text(_SAMPLES.format(**place.parts()))):
            try:
                vault.open(row.value, cpts_id=row.cpts_id, row_id=row.row_id)
            except KeyLost:
                lost.add(f"« {row.key} » ({place.table})")
    return sorted(lost)


async def is_there(connection: AsyncConnection, place: Sealed) -> bool:
    """Whether its table was made."""
    found = await connection.execute(text("select to_regclass(:table) is not null"), {"table": place.table})
    return bool(found.scalar_one())


async def require_keys(settings: Settings) -> None:
    """CannotStart, naming them, when keys are missing or not what they were."""
    engine = create_async_engine(settings.database_url.get_secret_value())
    try:
        async with engine.connect() as connection:
            lost = await find_unopened(connection, settings.vault_keys())
    except AWAY as error:
        raise CannotStart(f"PostgreSQL ne répond pas ({type(error).__name__}) : vérifier DATABASE_URL.") from None
    finally:
        await engine.dispose()
    if lost:
        raise CannotStart(f"Ces clés n'ouvrent pas ce qui est enregistré : {', '.join(lost)}. {REMEDY}")
