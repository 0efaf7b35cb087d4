"""Which of our roles somebody signed in may take: by the SAS's accounts, and by membership of a CPTS."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.psc.identity import PscIdentity
from services.people.store.accounts import grant_roles, open_account_of_subject, take_roles
from shared.auth import Role
from shared.db import Scope, set_scope
from shared.db.tables import AccountRow, RoleGrantRow
from shared.refusals import NotAllowed

OURS_BY_MEMBERSHIP = (Role.PRACTITIONER, Role.PHARMACIST)


class NotInvited(NotAllowed):
    """Pro Santé Connect vous reconnaît, mais aucune CPTS ne vous a inscrit ici : demandez-le à sa coordination."""

    code = "not_invited"


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role, as its holder chooses it: with the name of the structure when they have several activities."""

    role: Role
    label: str


Membership = tuple[UUID, str, str]
"""(practitioner, CPTS, profession)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the directory says who somebody is: the account the SAS opened, and their memberships."""

    regulator: Callable[[AsyncSession, str], Awaitable[UUID | None]]
    memberships: Callable[[AsyncSession, str], Awaitable[Sequence[Membership]]]


async def account_of(session: AsyncSession, standing: Standing, identity: PscIdentity, *, subject: str) -> UUID:
    """The account of who signed in, with the roles that are theirs today; raises `NotInvited`.

    A regulator's account is the one that the SAS opened; any other is known by the provider's `subject`.
    """
    await set_scope(session, Scope(frozenset({"*"})))
    account_id = await standing.regulator(session, identity.national_id)
    account_id = account_id or (await session.exec(select(AccountRow.id).filter_by(subject=subject))).one_or_none()
    memberships = await standing.memberships(session, identity.rpps)
    if account_id is None and not memberships:
        raise NotInvited
    account_id = account_id or await _new_account(session, identity, subject)
    await _grant(session, account_id, identity, memberships)
    return account_id


async def ways_of(session: AsyncSession, account_id: UUID, identity: PscIdentity) -> Sequence[RoleChoice]:
    """The roles to choose from, one for each activity that leads to it; raises `NotInvited` when there is none."""
    account = await session.get_one(AccountRow, account_id, populate_existing=True)
    found = select(RoleGrantRow.role).where(RoleGrantRow.account_id == account_id).distinct()
    roles = {Role(role) for role in (await session.exec(found)).all()}
    if account.disabled_at is not None or not roles:
        raise NotInvited
    own = [
        RoleChoice(each.role, each.structure) for each in identity.activities if each.role in roles and each.structure
    ]
    told = {way.role for way in own}
    others = [RoleChoice(role, "") for role in sorted(roles - told)]
    return list(dict.fromkeys([*own, *others]))


async def _new_account(session: AsyncSession, identity: PscIdentity, subject: str) -> UUID:
    """Open an account for this subject; two sign-ins at once open one."""
    label = f"{identity.given} {identity.family}".strip() or identity.national_id
    await open_account_of_subject(session, AccountRow(id=uuid4(), label=label, subject=subject))
    return (await session.exec(select(AccountRow.id).where(AccountRow.subject == subject))).one()


async def _grant(
    session: AsyncSession, account_id: UUID, identity: PscIdentity, memberships: Sequence[Membership]
) -> None:
    """Make the roles that come from memberships what they are today; roles given by hand stay."""
    if not identity.rpps:
        return
    await take_roles(session, account_id, OURS_BY_MEMBERSHIP)
    professions = {activity.profession: activity.role for activity in identity.activities}
    grants = []
    for practitioner_id, cpts_id, profession in memberships:
        role = professions.get(profession, Role.PHARMACIST if profession == "21" else Role.PRACTITIONER)
        grants.append(
            RoleGrantRow(
                id=uuid4(),
                account_id=account_id,
                role=role,
                cpts_id=cpts_id,
                practitioner_id=practitioner_id if role == Role.PRACTITIONER else None,
            )
        )
    await grant_roles(session, grants)
