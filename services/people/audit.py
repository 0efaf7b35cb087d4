"""What administrators read: members, and who saw or changed what. Never writes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, cast
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db.tables import AccessRow, AccountRow, RoleGrantRow, SettingChangeRow


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the list of members: an account, in one of its roles."""

    id: UUID
    label: str
    role: str
    suspended: bool
    grant: UUID
    email: str
    signed_in_at: datetime | None
    practitioner_id: UUID | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Someone saw or changed something."""

    at: datetime
    who: str
    role: str
    action: str
    kind: str
    id: str


async def members(session: AsyncSession, cpts_id: str) -> list[Member]:
    """Who has a role in a CPTS."""
    found = await session.exec(
        select(AccountRow, RoleGrantRow)
        .join(RoleGrantRow, col(RoleGrantRow.account_id) == col(AccountRow.id))
        .where(RoleGrantRow.cpts_id == cpts_id)
        .order_by(RoleGrantRow.role, AccountRow.label)
    )
    return [
        Member(
            account.id,
            account.label,
            grant.role,
            account.disabled_at is not None,
            grant.id,
            account.email or "",
            account.signed_in_at,
            grant.practitioner_id,
        )
        for account, grant in found
    ]


async def former_members(session: AsyncSession, cpts_id: str) -> list[AccountRow]:
    """Who had a role in a CPTS, by what was noted of it, and has none there now."""
    had = select(SettingChangeRow.object_id).where(
        SettingChangeRow.cpts_id == cpts_id, SettingChangeRow.what == "member"
    )
    now = select(RoleGrantRow.account_id).where(RoleGrantRow.cpts_id == cpts_id)
    found = select(AccountRow).where(cast(col(AccountRow.id), Text).in_(had), col(AccountRow.id).not_in(now))
    return list(await session.exec(found.order_by(AccountRow.label)))


async def formerly_here(session: AsyncSession, cpts_id: str, account_id: UUID) -> bool:
    """Whether somebody was a member and is none any more: they may be given a role again."""
    return any(each.id == account_id for each in await former_members(session, cpts_id))


async def accesses(session: AsyncSession, cpts_id: str, account: str, item: str, limit: int = 200) -> list[AuditEntry]:
    """The last accesses to patients' data in a CPTS, by what the account is called or by the object."""
    query = (
        select(AccessRow, AccountRow.label)
        .outerjoin(AccountRow, cast(col(AccountRow.id), Text) == col(AccessRow.account))
        .where(AccessRow.cpts_id == cpts_id)
    )
    if account:
        query = query.where(col(AccountRow.label).icontains(account, autoescape=True))
    if item:
        query = query.where(col(AccessRow.object_id) == item)
    rows = await session.exec(query.order_by(col(AccessRow.at).desc()).limit(limit))
    return [
        AuditEntry(row.at, label or row.account, row.role, row.action, row.object_kind, row.object_id)
        for row, label in rows
    ]


@dataclass(frozen=True, slots=True)
class Colleague:
    """Someone of a CPTS who asks for patients or runs the board."""

    account: UUID
    label: str
    role: str
    phone: str


async def colleagues(session: AsyncSession, cpts_id: str) -> list[Colleague]:
    """Who may have made a request of a CPTS, and who may take care of it; suspended accounts are named too."""
    found = await session.exec(
        select(AccountRow.id, AccountRow.label, RoleGrantRow.role, AccountRow.phone)
        .join(RoleGrantRow, col(RoleGrantRow.account_id) == col(AccountRow.id))
        .where(RoleGrantRow.cpts_id == cpts_id)
        .distinct()
        .order_by(AccountRow.label)
    )
    return [Colleague(account, label, role, phone) for account, label, role, phone in found]


async def contacts_of(session: AsyncSession, accounts: Collection[str]) -> dict[str, tuple[str, str]]:
    """What accounts are called and the number they answer, by id; machines and rounds are not accounts."""
    found = await session.exec(
        select(AccountRow.id, AccountRow.label, AccountRow.phone).where(cast(col(AccountRow.id), Text).in_(accounts))
    )
    return {str(account): (label, phone) for account, label, phone in found}


async def labels_of(session: AsyncSession, accounts: Collection[str]) -> dict[str, str]:
    """What accounts are called, by id."""
    return {account: label for account, (label, _) in (await contacts_of(session, accounts)).items()}
