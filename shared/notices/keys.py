"""The key pair of this installation for push services: made once, its private half sealed in the database."""

from cryptography.exceptions import InvalidTag
from joserfc.jwk import ECKey
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import Scope, run, set_scope
from shared.notices.push import Identity
from shared.notices.tables import NoticeDeviceRow, NoticeKeyRow
from shared.settings import Settings
from shared.vault import Vault

SEALED_AS = "notice key"
EVERYONE = Scope(frozenset({"*"}))
LOST = (KeyError, InvalidTag)
"""What the vault says of what was sealed by a key it no longer has."""


def contact_of(settings: Settings) -> str:
    """Whom a push service may write to: our site, or nobody in particular where it has no public address."""
    return settings.public_url if settings.public_url.startswith("https://") else "mailto:nobody@example.org"


async def identity(session: AsyncSession, vault: Vault, settings: Settings, scope: Scope = EVERYONE) -> Identity:
    """Our identity; the first to ask makes it, whoever asks at the same time gets the same.

    One that the vault can no longer open is replaced, and the browsers that knew it are forgotten. `scope`: the
    caller's, as it is left.
    """
    query = select(NoticeKeyRow).execution_options(populate_existing=True)
    found = (await session.exec(query)).one_or_none()
    if found is None:
        await run(session, insert(NoticeKeyRow).values(id=1, **_fresh(vault, settings)).on_conflict_do_nothing())
        found = (await session.exec(query)).one()
    try:
        opened = vault.open(found.private_sealed, cpts_id="", row_id=SEALED_AS)
    except LOST:
        await _replace(session, found.private_sealed, _fresh(vault, settings), scope)
        found = (await session.exec(query)).one()
        opened = vault.open(found.private_sealed, cpts_id="", row_id=SEALED_AS)
    return Identity.of(ECKey.import_key(opened), contact_of(settings))


def _fresh(vault: Vault, settings: Settings) -> dict[str, str | bytes]:
    """A new key pair, as its row keeps it."""
    fresh = Identity.fresh(contact_of(settings))
    sealed = vault.seal(fresh.key.as_dict(private=True), cpts_id="", row_id=SEALED_AS)
    return {"public": fresh.public, "private_sealed": sealed}


async def _replace(session: AsyncSession, lost: bytes, fresh: dict[str, str | bytes], scope: Scope) -> None:
    """Only the first to find it lost replaces it."""
    still = col(NoticeKeyRow.private_sealed) == lost
    changed = await run(session, update(NoticeKeyRow).where(still).values(**fresh).returning(col(NoticeKeyRow.id)))
    if changed.scalar_one_or_none() is not None:
        await set_scope(session, EVERYONE)
        await run(session, delete(NoticeDeviceRow))
        await set_scope(session, scope)
