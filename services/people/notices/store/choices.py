"""What people choose: which notices, on which devices; and the key pair of this installation for push services."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.notices.kinds import NoticeState
from services.people.notices.store.telling import STREAM
from services.people.notices.tables import NoticeDeviceRow, NoticeKeyRow, NoticePreferenceRow, NoticeRow
from shared.db import database_now, ring_after_commit, run


async def choose(session: AsyncSession, account_id: UUID, values: Mapping[str, Any]) -> None:
    """Write what somebody wants to be told; what waits for them is looked at again, in the light of it."""
    row = insert(NoticePreferenceRow).values(account_id=account_id, **values)
    await run(session, row.on_conflict_do_update(index_elements=["account_id"], set_=dict(values)))
    waiting = (col(NoticeRow.account_id) == account_id) & (col(NoticeRow.state) == NoticeState.WAITING)
    await run(session, update(NoticeRow).where(waiting).values(due_at=await database_now(session)))
    ring_after_commit(session, STREAM)


async def put_device(session: AsyncSession, endpoint_hash: bytes, values: Mapping[str, Any]) -> None:
    """Write a browser, which belongs to whoever asked last; the transaction must reach everybody's."""
    row = insert(NoticeDeviceRow).values(**values, endpoint_hash=endpoint_hash)
    await run(session, row.on_conflict_do_update(index_elements=["endpoint_hash"], set_=dict(values)))


async def keep_newest(session: AsyncSession, account_id: UUID, most: int) -> None:
    """Forget the browsers of a person beyond so many, the oldest first."""
    newest = select(NoticeDeviceRow.id).where(NoticeDeviceRow.account_id == account_id)
    kept = newest.order_by(col(NoticeDeviceRow.added_at).desc()).limit(most)
    too_many = (col(NoticeDeviceRow.account_id) == account_id) & col(NoticeDeviceRow.id).not_in(kept)
    await run(session, delete(NoticeDeviceRow).where(too_many))


async def drop_device(session: AsyncSession, account_id: UUID, device_id: UUID) -> bool:
    """Forget a browser of a person; false when they have none such."""
    ours = (col(NoticeDeviceRow.id) == device_id) & (col(NoticeDeviceRow.account_id) == account_id)
    gone = await run(session, delete(NoticeDeviceRow).where(ours).returning(col(NoticeDeviceRow.id)))
    return gone.scalar_one_or_none() is not None


async def forget_device(session: AsyncSession, device_id: UUID) -> None:
    """Forget a browser that its push service no longer knows."""
    await run(session, delete(NoticeDeviceRow).where(col(NoticeDeviceRow.id) == device_id))


async def note_told(session: AsyncSession, device_id: UUID) -> None:
    """Note that a browser got something just now."""
    ours = update(NoticeDeviceRow).where(col(NoticeDeviceRow.id) == device_id)
    await run(session, ours.values(told_at=await database_now(session)))


async def keep_first_key(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Write the key pair of this installation, unless there is one."""
    await run(session, insert(NoticeKeyRow).values(id=1, **values).on_conflict_do_nothing())
