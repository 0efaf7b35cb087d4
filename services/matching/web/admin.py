"""Administration: who has which role, whose communes, which parameters, who read what. Every change is logged."""

import secrets
from functools import partial
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy import delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.app.parameters import attachment_settings
from services.matching.engine.ahead.policies import RUNNABLE
from services.matching.exports.administration import said
from services.matching.sameday.app.parameters import CptsParameters, parameters_of
from services.matching.web import parameter_forms as forms
from services.people.audit import accesses, labels_of, members
from services.people.changes import changes_of, record_change
from services.people.signin import add_account
from shared.auth import Caller, Role, record_access
from shared.db.tables import AccountRow, RoleGrantRow, SessionRow
from shared.export import moment
from shared.http import CallerDep, SessionDep, WiringDep
from shared.outside.asked import LINE, Email
from shared.refusals import Invalid, NotFound
from shared.web.pages import PageDep, label_of_account, reading

SHOWN = 200
GIVEN = tuple(role for role in Role if role not in {Role.MACHINE, Role.PRACTITIONER, Role.DELEGATE})
"""Roles that need no practitioner beside them."""
routes = APIRouter(include_in_schema=False)
Filter = Annotated[str, Query(max_length=100), LINE]


class NewMember(BaseModel):
    """Someone to let in."""

    label: Annotated[str, Field(min_length=1, max_length=120), LINE]
    email: Email
    role: Role


class Entry(BaseModel):
    """What the new member needs to sign in; said once."""

    password: str
    totp_uri: str


class NewRole(BaseModel):
    """One more role for a member."""

    role: Role


@routes.get("/admin")
async def admin(
    request: Request, page: PageDep, caller: CallerDep, session: SessionDep, compte: Filter = "", objet: Filter = ""
) -> Response:
    """The administration of one CPTS."""
    caller.require(Role.ADMIN)
    cpts_id = page.chosen_cpts(caller) or ""
    async with reading(request, "matching", caller.scope) as matching:
        parameters = await parameters_of(matching, cpts_id)
        rounds = await attachment_settings(matching, cpts_id)
    changes = await changes_of(session, cpts_id, limit=SHOWN)
    return page.show(
        "matching/admin.html",
        title="admin.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("admin.", "login."),
        roles=GIVEN,
        members=await members(session, cpts_id),
        parameters=forms.shown(parameters),
        numbers=list(forms.numbers(parameters, CptsParameters())),
        answers=forms.answers(parameters),
        steps=forms.steps(parameters),
        weights=forms.weights(parameters),
        of_rounds=forms.of_attachments(rounds),
        classes=forms.classes(rounds),
        said=partial(said, page.words),
        accesses=await accesses(session, cpts_id, compte, objet),
        changes=changes,
        who=await labels_of(session, {each.account for each in changes}),
        moment=moment,
        cpts=cpts_id,
        policies=RUNNABLE,
        now=parameters,
        compte=compte,
        objet=objet,
    )


@routes.post("/admin/members", status_code=201)
async def add(form: NewMember, page: PageDep, caller: CallerDep, session: SessionDep, wiring: WiringDep) -> Entry:
    """Let someone in: their password and second factor are said once."""
    caller.require(Role.ADMIN)
    if form.role not in GIVEN:
        raise Invalid(field="role", value=form.role, rule=f"one of {', '.join(GIVEN)}")
    if (await session.exec(select(AccountRow.id).where(AccountRow.email == form.email.strip().lower()))).first():
        raise Invalid("Cette adresse a déjà un compte.", field="email", rule="unique")
    password, cpts_id = secrets.token_urlsafe(12), page.chosen_cpts(caller) or caller.only_cpts()
    account_id, uri = await add_account(
        session, wiring.vault, label=form.label, role=form.role, cpts_id=cpts_id, email=form.email, password=password
    )
    await _log(session, caller, cpts_id, f"add_{form.role}", account_id)
    await _note(session, caller, cpts_id, account_id, before={}, after={"role": form.role})
    return Entry(password=password, totp_uri=uri)


@routes.post("/admin/members/{account_id}/roles", status_code=201)
async def give_role(
    account_id: UUID, form: NewRole, page: PageDep, caller: CallerDep, session: SessionDep
) -> dict[str, str]:
    """Give a member one more role; a role they have already is refused."""
    caller.require(Role.ADMIN)
    cpts_id = page.chosen_cpts(caller) or caller.only_cpts()
    if form.role not in GIVEN:
        raise Invalid(field="role", value=form.role, rule=f"one of {', '.join(GIVEN)}")
    theirs = [each.role for each in await members(session, cpts_id) if each.id == account_id]
    if not theirs:
        raise NotFound(field="account_id", value=account_id)
    if form.role in theirs:
        raise Invalid("Ce membre a déjà ce rôle.", field="role", value=form.role, rule="another role")
    grant = RoleGrantRow(id=uuid4(), account_id=account_id, role=form.role, cpts_id=cpts_id)
    session.add(grant)
    await _note(session, caller, cpts_id, account_id, before={}, after={"role": form.role})
    return {"id": str(grant.id)}


@routes.delete("/admin/roles/{grant_id}", status_code=204)
async def take_role(grant_id: UUID, page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """Take a role away; sessions opened with it end at once."""
    caller.require(Role.ADMIN)
    cpts_id = page.chosen_cpts(caller) or caller.only_cpts()
    own = col(RoleGrantRow.account_id) == UUID(caller.id)
    gone = (
        await session.exec(
            delete(RoleGrantRow)
            .where(col(RoleGrantRow.id) == grant_id, col(RoleGrantRow.cpts_id) == cpts_id, ~own)
            .returning(col(RoleGrantRow.account_id), col(RoleGrantRow.role))
        )
    ).first()
    if gone is None:
        raise NotFound(field="grant_id", value=grant_id)
    await session.exec(
        delete(SessionRow).where(col(SessionRow.account_id) == gone.account_id, col(SessionRow.role) == gone.role)
    )
    await _note(session, caller, cpts_id, gone.account_id, before={"role": gone.role}, after={})
    return Response(status_code=204)


@routes.post("/admin/members/{account_id}/suspension", status_code=204)
async def suspend(account_id: UUID, page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """Close an account; its sessions end at once."""
    await _set_suspended(page, caller, session, account_id, suspended=True)
    await session.exec(delete(SessionRow).where(col(SessionRow.account_id) == account_id))
    return Response(status_code=204)


@routes.delete("/admin/members/{account_id}/suspension", status_code=204)
async def restore(account_id: UUID, page: PageDep, caller: CallerDep, session: SessionDep) -> Response:
    """Open an account again."""
    await _set_suspended(page, caller, session, account_id, suspended=False)
    return Response(status_code=204)


async def _set_suspended(
    page: PageDep, caller: Caller, session: AsyncSession, account_id: UUID, *, suspended: bool
) -> None:
    caller.require(Role.ADMIN)
    cpts_id = page.chosen_cpts(caller) or caller.only_cpts()
    ours = select(RoleGrantRow.account_id).where(RoleGrantRow.cpts_id == cpts_id)
    if str(account_id) == caller.id:
        raise Invalid("Vous ne pouvez pas suspendre votre propre compte.", field="account_id", rule="another account")
    done = await session.exec(
        update(AccountRow)
        .where(col(AccountRow.id) == account_id, col(AccountRow.id).in_(ours))
        .values(disabled_at=func.clock_timestamp() if suspended else None)
        .returning(col(AccountRow.id))
    )
    if done.first() is None:
        raise NotFound(field="account_id", value=account_id)
    await _log(session, caller, cpts_id, "suspend" if suspended else "restore", account_id)


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
