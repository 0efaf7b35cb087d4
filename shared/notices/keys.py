"""The key pair of this installation for push services: made once, its private half sealed in the database."""

from joserfc.jwk import ECKey
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run
from shared.notices.push import Identity
from shared.notices.tables import NoticeKeyRow
from shared.settings import Settings
from shared.vault import Vault

SEALED_AS = "notice key"


def contact_of(settings: Settings) -> str:
    """Whom a push service may write to: our site, or nobody in particular where it has no public address."""
    return settings.public_url if settings.public_url.startswith("https://") else "mailto:nobody@example.org"


async def identity(session: AsyncSession, vault: Vault, settings: Settings) -> Identity:
    """Our identity; the first to ask makes it, whoever asks at the same time gets the same."""
    found = (await session.exec(select(NoticeKeyRow))).one_or_none()
    if found is None:
        fresh = Identity.fresh(contact_of(settings))
        sealed = vault.seal(fresh.key.as_dict(private=True), cpts_id="", row_id=SEALED_AS)
        row = insert(NoticeKeyRow).values(id=1, public=fresh.public, private_sealed=sealed)
        await run(session, row.on_conflict_do_nothing())
        found = (await session.exec(select(NoticeKeyRow))).one()
    opened = vault.open(found.private_sealed, cpts_id="", row_id=SEALED_AS)
    return Identity.of(ECKey.import_key(opened), contact_of(settings))
