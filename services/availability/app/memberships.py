"""Who belongs to which CPTS: asked by one side, accepted by the other. What one CPTS does stays within it."""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.app.directory import put_membership
from services.availability.store.memberships import ask_membership, take_ask
from services.availability.tables import MembershipRow
from services.availability.tables.memberships import MembershipAskRow
from services.people.changes import record_change
from shared.auth import OWN_SLOTS_ONLY, Caller, Role
from shared.db import Scope, set_scope
from shared.refusals import NotAllowed, NotFound

EVERYWHERE = Scope(frozenset({"*"}))
THEIR_SIDE = (Role.PRACTITIONER, Role.DELEGATE, Role.ADMIN)


class PractitionerElsewhereToo(NotAllowed):
    """Ce praticien travaille aussi pour une autre CPTS : lui-même, ou qui le représente, en décide."""

    code = "elsewhere_too"


class NotAMember(NotAllowed):
    """Ce praticien n'est pas de votre CPTS : demandez d'abord qu'il la rejoigne."""

    code = "not_a_member"


async def cpts_of(session: AsyncSession, caller: Caller, practitioner_id: UUID) -> frozenset[str]:
    """The CPTS that a practitioner belongs to, those that the caller does not see included."""
    await set_scope(session, EVERYWHERE)
    found = select(MembershipRow.cpts_id).where(MembershipRow.practitioner_id == practitioner_id)
    theirs = frozenset((await session.exec(found)).all())
    await set_scope(session, caller.scope)
    return theirs


async def require_sole(session: AsyncSession, caller: Caller, practitioner_id: UUID) -> None:
    """What holds for a practitioner everywhere is theirs to say, or their CPTS's when they have just one."""
    if caller.role in OWN_SLOTS_ONLY:
        caller.require_practitioner(practitioner_id)
    elif caller.role is not Role.MACHINE:
        seen = [caller.may_see(cpts) for cpts in await cpts_of(session, caller, practitioner_id)]
        if seen and not any(seen):
            raise NotAllowed(field="practitioner_id", rule="a member of one of your CPTS")
        if not all(seen):
            raise PractitionerElsewhereToo(field="practitioner_id", value=practitioner_id)


async def require_member(session: AsyncSession, caller: Caller, practitioner_id: UUID, cpts_id: str) -> None:
    """Raise `NotAMember` for who does not belong to the CPTS that acts; our machines write what they import."""
    if caller.role is not Role.MACHINE and cpts_id not in await cpts_of(session, caller, practitioner_id):
        raise NotAMember(field="practitioner_id", value=practitioner_id)


async def enrol(
    session: AsyncSession, caller: Caller, practitioner_id: UUID, cpts_id: str, joined_at: datetime | None
) -> bool:
    """A practitioner belongs to a CPTS. One who belongs to another is asked first: then the answer is false."""
    theirs = await cpts_of(session, caller, practitioner_id)
    if caller.role is Role.MACHINE or not theirs or cpts_id in theirs:
        await put_membership(session, practitioner_id, cpts_id, joined_at)
        await _note(session, caller, practitioner_id, cpts_id, {"member": cpts_id in theirs}, {"member": True})
        return True
    await ask_membership(session, practitioner_id, cpts_id, by=caller.id, joined_at=joined_at)
    await _note(session, caller, practitioner_id, cpts_id, {"asked": False}, {"asked": True})
    return False


async def asks_of(session: AsyncSession, caller: Caller) -> list[MembershipAskRow]:
    """What waits for an answer: asked by the caller's CPTS, or of who is theirs; practitioners see their own."""
    rows = (await session.exec(select(MembershipAskRow).order_by(col(MembershipAskRow.asked_at)))).all()
    own = caller.practitioners
    return [row for row in rows if own is None or str(row.practitioner_id) in own]


async def answer(session: AsyncSession, caller: Caller, practitioner_id: UUID, cpts_id: str, *, yes: bool) -> None:
    """The person, or the CPTS they belong to, says yes or no; who asked may only take it back. Raises `NotFound`."""
    caller.require(*THEIR_SIDE)
    theirs = await cpts_of(session, caller, practitioner_id)
    of_theirs = str(practitioner_id) in (caller.practitioners or ()) or (
        caller.role is Role.ADMIN and any(caller.may_see(cpts) for cpts in theirs)
    )
    if not (of_theirs or (caller.role is Role.ADMIN and not yes and caller.may_see(cpts_id))):
        raise NotAllowed("C'est au praticien, ou à sa CPTS, de répondre.", field="practitioner_id")
    await set_scope(session, Scope(frozenset({"*"}), frozenset({str(practitioner_id)})))
    gone = await take_ask(session, practitioner_id, cpts_id)
    if gone is None:
        raise NotFound
    if yes:
        await put_membership(session, practitioner_id, cpts_id, gone.joined_at)
    await _note(session, caller, practitioner_id, cpts_id, {"asked": True}, {"asked": False, "member": yes})


async def _note(
    session: AsyncSession,
    caller: Caller,
    practitioner_id: UUID,
    cpts_id: str,
    was: dict[str, bool],
    now: dict[str, bool],
) -> None:
    await record_change(
        session, caller, cpts_id=cpts_id, what="membership", object_id=str(practitioner_id), before=was, after=now
    )
