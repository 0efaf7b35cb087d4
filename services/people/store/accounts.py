"""Accounts, the roles they have, and the codes that stand once for a second factor."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run
from shared.db.tables import AccountRow, RecoveryCodeRow, RoleGrantRow


async def open_account(session: AsyncSession, account: AccountRow) -> None:
    """Write an account."""
    session.add(account)
    await session.flush()


async def put_account(session: AsyncSession, account_id: UUID, values: Mapping[str, Any]) -> None:
    """Write an account, or what is said of it anew."""
    account = insert(AccountRow).values(id=account_id, demo=False, **values)
    await run(session, account.on_conflict_do_update(index_elements=["id"], set_=dict(values)))


async def open_account_of_subject(session: AsyncSession, account: AccountRow) -> None:
    """Write an account that a provider of identities knows; of two at once one is written."""
    row = insert(AccountRow).values(id=account.id, label=account.label, subject=account.subject, demo=False)
    await run(session, row.on_conflict_do_nothing(index_elements=["subject"]))


async def set_way_in(session: AsyncSession, account_id: UUID, **values: Any) -> None:
    """Write the password and the second factor of an account."""
    await session.exec(update(AccountRow).where(col(AccountRow.id) == account_id).values(**values))


async def set_phone(session: AsyncSession, account_id: UUID, phone: str) -> None:
    """Write on which number somebody is called back."""
    await run(session, update(AccountRow).where(col(AccountRow.id) == account_id).values(phone=phone))


async def use_step(session: AsyncSession, account_id: UUID, step: int) -> bool:
    """Use up the code of a second factor, and those before it; false when it was used already."""
    mine = (col(AccountRow.id) == account_id, col(AccountRow.totp_step) < step)
    return (await session.exec(update(AccountRow).where(*mine).values(totp_step=step))).rowcount > 0


async def suspend_account(session: AsyncSession, account_id: UUID, *, suspended: bool) -> None:
    """Close an account, or open it again."""
    done = update(AccountRow).where(col(AccountRow.id) == account_id)
    await session.exec(done.values(disabled_at=func.clock_timestamp() if suspended else None))


async def grant_roles(session: AsyncSession, grants: Iterable[RoleGrantRow]) -> None:
    """Give these roles."""
    session.add_all(grants)
    await session.flush()


async def take_role(session: AsyncSession, grant_id: UUID) -> None:
    """Take a role away."""
    await session.exec(delete(RoleGrantRow).where(col(RoleGrantRow.id) == grant_id))


async def take_roles(session: AsyncSession, account_id: UUID, roles: Collection[str]) -> None:
    """Take every role of these kinds away from an account."""
    theirs = (col(RoleGrantRow.account_id) == account_id, col(RoleGrantRow.role).in_(roles))
    await session.exec(delete(RoleGrantRow).where(*theirs))


async def replace_codes(session: AsyncSession, account_id: UUID, hashes: Iterable[bytes]) -> None:
    """Keep these recovery codes in the place of the former ones."""
    await session.exec(delete(RecoveryCodeRow).where(col(RecoveryCodeRow.account_id) == account_id))
    session.add_all(RecoveryCodeRow(code_hash=each, account_id=account_id) for each in hashes)
    await session.flush()


async def use_code(session: AsyncSession, account_id: UUID, code_hash: bytes) -> bool:
    """Use up a recovery code; false when the account has none such."""
    mine = (col(RecoveryCodeRow.code_hash) == code_hash) & (col(RecoveryCodeRow.account_id) == account_id)
    spent = await session.exec(delete(RecoveryCodeRow).where(mine).returning(col(RecoveryCodeRow.account_id)))
    return spent.first() is not None
