"""Secrets that serve once, for one purpose, for a while: links of invitations and resets, a choice under way."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.auth import hash_token, store
from shared.db.tables import PassRow


class Purpose(StrEnum):
    """What a pass is for; it opens nothing else."""

    SETUP = "setup"
    """Choose a password and set up the second factor: an invitation, or a reset."""
    ACTIVITY = "activity"
    """Choose for which of one's activities to come in."""
    FACTOR = "factor"
    """A new second factor, shown and not yet proved."""


async def pass_for(
    session: AsyncSession, purpose: Purpose, account_id: UUID, body: Mapping[str, Any], *, life: timedelta
) -> str:
    """A new pass; those of the same purpose that this account had end. What has expired is forgotten."""
    now = (await session.exec(select(func.clock_timestamp()))).one()
    token = secrets.token_urlsafe(32)
    fresh = PassRow(
        token_hash=hash_token(token), purpose=purpose, account_id=account_id, body=dict(body), expires_at=now + life
    )
    await store.replace_pass(session, fresh, now=now)
    return token


async def find_pass(session: AsyncSession, purpose: Purpose, token: str) -> PassRow | None:
    """The pass that this secret opens, not spent by looking."""
    found = select(PassRow).where(
        PassRow.token_hash == hash_token(token), PassRow.purpose == purpose, PassRow.expires_at > func.clock_timestamp()
    )
    return (await session.exec(found)).one_or_none()


async def spend_pass(session: AsyncSession, purpose: Purpose, token: str) -> PassRow | None:
    """The same, spent: of two that come at once one gets it."""
    found = await find_pass(session, purpose, token)
    if found is None:
        return None
    mine = await store.spend_pass(session, found.token_hash)
    session.expunge(found)
    return found if mine else None
