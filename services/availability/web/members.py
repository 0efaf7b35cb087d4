"""Members: inviting somebody, giving and taking roles, a new way in. What is account-wide is the account's own."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.tables import MembershipRow
from services.people import access
from services.people.access_api import link_to
from services.people.access_mail import LinkKind, send_link
from services.people.audit import formerly_here, members
from services.people.changes import record_change
from services.people.notices.mail import MailSettings
from services.people.store import accounts
from shared.auth import OWN_SLOTS_ONLY, Caller, Role, record_access
from shared.auth.store import end_sessions
from shared.db.tables import AccountRow, RoleGrantRow
from shared.http import CallerDep, SessionDep, WiringDep
from shared.http.parts import find_part
from shared.outside.asked import LINE, Email
from shared.refusals import Invalid, NotAllowed, NotFound
from shared.web.pages import Page, PageDep
from shared.wording.labels import language_of

GIVEN = tuple(role for role in Role if role is not Role.MACHINE)
routes = APIRouter(include_in_schema=False)


class OwnRoles(NotAllowed):
    """Vos propres rôles : un autre administrateur en décide."""

    code = "own_roles"


class AccountElsewhereToo(NotAllowed):
    """Cette personne a aussi un rôle dans une autre CPTS : retirez-lui son rôle ici, son compte reste à elle."""

    code = "elsewhere_too"


class NewRole(BaseModel):
    """A role; a practitioner's or a delegate's is for one practitioner of the CPTS."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    practitioner_id: UUID | None = None


class NewMember(NewRole):
    """Someone to invite."""

    label: Annotated[str, Field(min_length=1, max_length=120), LINE]
    email: Email


class Invited(BaseModel):
    """Whether the invitation went by mail; when no mail can be sent, the link to hand over, which serves once."""

    sent: bool
    link: str = ""


@routes.post("/admin/members", status_code=201)
async def add(
    form: NewMember, request: Request, page: PageDep, caller: CallerDep, session: SessionDep, wiring: WiringDep
) -> Invited:
    """Invite somebody: they choose their own password and second factor by the link they get."""
    cpts_id = _require_administered(page, caller)
    await _require_giveable(session, form, cpts_id)
    email = form.email.lower()
    known = (await session.exec(select(AccountRow).where(AccountRow.email == email))).one_or_none()
    if known is not None and not await formerly_here(session, cpts_id, known.id):
        raise Invalid("Cette adresse a déjà un compte.", field="email", rule="unique")
    account_id = known.id if known else uuid4()
    if known is None:
        await accounts.open_account(session, AccountRow(id=account_id, label=form.label, email=email))
    await _give(session, caller, cpts_id, account_id, form)
    await _log(session, caller, cpts_id, "invite", account_id)
    token = await access.link_for(session, wiring.vault, account_id, life=access.INVITED)
    # No connection is held while the mail server is waited for.
    await session.commit()
    return await _invite(request, email, link_to(wiring, token), "invitation")


@routes.post("/admin/members/{account_id}/link", status_code=201)
async def new_link(
    account_id: UUID, request: Request, page: PageDep, caller: CallerDep, session: SessionDep, wiring: WiringDep
) -> Invited:
    """A new way in for a member who lost theirs; what they have works until they use it."""
    cpts_id = _require_administered(page, caller)
    await _require_here(session, cpts_id, account_id)
    account = await session.get_one(AccountRow, account_id)
    if not account.email:
        raise Invalid("Ce compte n'a pas d'adresse.", field="email", rule="required")
    token = await access.link_for(session, wiring.vault, account_id, life=access.INVITED)
    await _log(session, caller, cpts_id, "reset_asked", account_id)
    await session.commit()
    return await _invite(request, account.email, link_to(wiring, token), "reset")


async def _invite(request: Request, email: str, url: str, kind: LinkKind) -> Invited:
    language = language_of(request.cookies)
    sent = await send_link(find_part(request, MailSettings), to=email, url=url, kind=kind, language=language)
    return Invited(sent=sent, link="" if sent else url)


@routes.post("/admin/members/{account_id}/roles", status_code=201)
async def give_role(
    account_id: UUID, form: NewRole, page: PageDep, caller: CallerDep, session: SessionDep
) -> dict[str, str]:
    """Give a role to a member, or again to who was one; a role they have already is refused, one's own too."""
    cpts_id = _require_administered(page, caller)
    await _require_giveable(session, form, cpts_id)
    if str(account_id) == caller.id:
        raise OwnRoles(field="account_id", rule="somebody else")
    theirs = [each for each in await members(session, cpts_id) if each.id == account_id]
    if not theirs and not await formerly_here(session, cpts_id, account_id):
        raise NotFound(field="account_id", value=account_id)
    if any((each.role, each.practitioner_id) == (form.role, form.practitioner_id) for each in theirs):
        raise Invalid("Ce membre a déjà ce rôle.", field="role", value=form.role, rule="another role")
    return {"id": str(await _give(session, caller, cpts_id, account_id, form))}


@routes.delete("/admin/roles/{grant_id}")
async def take_role(grant_id: UUID, page: PageDep, caller: CallerDep, session: SessionDep) -> dict[str, str | None]:
    """Take a role away; sessions opened with it end at once. Answers what gives it back: the undo of the page."""
    cpts_id = _require_administered(page, caller)
    own = col(RoleGrantRow.account_id) == UUID(caller.id)
    here = (col(RoleGrantRow.id) == grant_id) & (col(RoleGrantRow.cpts_id) == cpts_id) & ~own
    row = (await session.exec(select(RoleGrantRow).where(here).with_for_update())).one_or_none()
    if row is None:
        raise NotFound(field="grant_id", value=grant_id)
    await accounts.take_role(session, grant_id)
    await end_sessions(session, row.account_id, role=row.role)
    await _note(session, caller, cpts_id, row.account_id, before={"role": row.role}, after={})
    practitioner = str(row.practitioner_id) if row.practitioner_id else None
    return {"account": str(row.account_id), "role": row.role, "practitioner_id": practitioner}


@routes.post("/admin/members/{account_id}/suspension", status_code=204)
async def suspend(account_id: UUID, page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """Close an account; its sessions end at once."""
    await _set_suspended(page, caller, session, account_id, suspended=True)
    await end_sessions(session, account_id)
    return Response(status_code=204)


@routes.delete("/admin/members/{account_id}/suspension", status_code=204)
async def restore(account_id: UUID, page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """Open an account again."""
    await _set_suspended(page, caller, session, account_id, suspended=False)
    return Response(status_code=204)


async def _set_suspended(
    page: Page, caller: Caller, session: AsyncSession, account_id: UUID, *, suspended: bool
) -> None:
    cpts_id = _require_administered(page, caller)
    if str(account_id) == caller.id:
        raise Invalid("Vous ne pouvez pas suspendre votre propre compte.", field="account_id", rule="another account")
    await _require_here(session, cpts_id, account_id)
    roles = select(RoleGrantRow.cpts_id).where(RoleGrantRow.account_id == account_id)
    if not all(caller.may_see(each) for each in (await session.exec(roles)).all()):
        raise AccountElsewhereToo(field="account_id", value=account_id)
    await accounts.suspend_account(session, account_id, suspended=suspended)
    await _log(session, caller, cpts_id, "suspend" if suspended else "restore", account_id)


def _require_administered(page: Page, caller: Caller) -> str:
    """The CPTS that is administered: one of the administrator's own."""
    caller.require(Role.ADMIN)
    return page.choose_cpts(caller) or caller.only_cpts()


async def _require_here(session: AsyncSession, cpts_id: str, account_id: UUID) -> None:
    if not any(each.id == account_id for each in await members(session, cpts_id)):
        raise NotFound(field="account_id", value=account_id)


async def _require_giveable(session: AsyncSession, form: NewRole, cpts_id: str) -> None:
    """A role for people; one bound to a practitioner names one of this CPTS, any other names none."""
    if form.role not in GIVEN:
        raise Invalid(field="role", value=form.role, rule=f"one of {', '.join(GIVEN)}")
    if (form.role in OWN_SLOTS_ONLY) != (form.practitioner_id is not None):
        rule = "required" if form.role in OWN_SLOTS_ONLY else "absent"
        raise Invalid("Dites pour quel praticien.", field="practitioner_id", rule=rule)
    if form.practitioner_id is not None:
        member = select(MembershipRow).filter_by(practitioner_id=form.practitioner_id, cpts_id=cpts_id)
        if (await session.exec(member)).first() is None:
            raise Invalid("Ce praticien n'est pas de cette CPTS.", field="practitioner_id", rule="a member")


async def _give(session: AsyncSession, caller: Caller, cpts_id: str, account_id: UUID, form: NewRole) -> UUID:
    grant = RoleGrantRow(
        id=uuid4(), account_id=account_id, role=form.role, cpts_id=cpts_id, practitioner_id=form.practitioner_id
    )
    await accounts.grant_roles(session, [grant])
    await _note(session, caller, cpts_id, account_id, before={}, after={"role": form.role})
    return grant.id


async def _note(
    session: AsyncSession,
    caller: Caller,
    cpts_id: str,
    account_id: UUID,
    *,
    before: dict[str, str],
    after: dict[str, str],
) -> None:
    await record_change(
        session, caller, cpts_id=cpts_id, what="member", object_id=str(account_id), before=before, after=after
    )


async def _log(session: AsyncSession, caller: Caller, cpts_id: str, action: str, account_id: UUID) -> None:
    await record_access(
        session, caller, cpts_id=cpts_id, action=action, object_kind="account", object_id=str(account_id)
    )
