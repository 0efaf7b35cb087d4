"""The key pair of this installation for push services: made once, its private half sealed in the database."""

from joserfc.jwk import ECKey
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.notices.push import PushIdentity
from services.people.notices.store.choices import keep_first_key
from services.people.notices.tables import NoticeKeyRow
from shared.db import Scope
from shared.patients.vault import Vault
from shared.settings import Settings

SEALED_AS = "notice key"
EVERYONE = Scope(frozenset({"*"}))


def contact_of(settings: Settings) -> str:
    """Whom a push service may write to: our site, or nobody in particular where it has no public address."""
    return settings.public_url if settings.public_url.startswith("https://") else "mailto:nobody@example.org"


async def identity(session: AsyncSession, vault: Vault, settings: Settings) -> PushIdentity:
    """Our identity, to sign with.

    Raises `KeyLost` when the vault cannot open it: browsers subscribed under this one, none of them is forgotten.
    """
    opened = vault.open((await _keep(session, vault, settings)).private_sealed, cpts_id="", row_id=SEALED_AS)
    return PushIdentity.of(ECKey.import_key(opened), contact_of(settings))


async def push_key(session: AsyncSession, vault: Vault, settings: Settings) -> str:
    """What a browser subscribes with."""
    return (await _keep(session, vault, settings)).public


async def _keep(session: AsyncSession, vault: Vault, settings: Settings) -> NoticeKeyRow:
    """The one key pair; the first to ask makes it, whoever asks at the same time gets the same."""
    query = select(NoticeKeyRow).execution_options(populate_existing=True)
    found = (await session.exec(query)).one_or_none()
    if found is None:
        await keep_first_key(session, _fresh(vault, settings))
        found = (await session.exec(query)).one()
    return found


def _fresh(vault: Vault, settings: Settings) -> dict[str, str | bytes]:
    """A new key pair, as its row keeps it."""
    fresh = PushIdentity.fresh(contact_of(settings))
    sealed = vault.seal(fresh.key.as_dict(private=True), cpts_id="", row_id=SEALED_AS)
    return {"public": fresh.public, "private_sealed": sealed}
