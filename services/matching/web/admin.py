"""Administration: who has which role, whose communes, which parameters, who read what. Every change is logged."""

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy import Text, cast, delete, func, text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.app.parameters import CptsParameters, parameters_of
from shared.auth import Caller, Role, record_access
from shared.clock import PARIS
from shared.db import Scope, run
from shared.http import CallerDep, SessionDep, WiringDep
from shared.refusals import Invalid, NotFound
from shared.signin import add_account
from shared.tables import AccessRow, AccountRow, CommuneRow, RoleGrantRow, SessionRow
from shared.web.pages import PageDep, label_of_account, reading

SHOWN = 200
EVERYWHERE = Scope(frozenset({"*"}))
GIVEN = tuple(role for role in Role if role not in {Role.MACHINE, Role.PRACTITIONER, Role.DELEGATE})
"""Roles that need no practitioner beside them."""
routes = APIRouter(include_in_schema=False)
Filter = Annotated[str, Query(max_length=100)]


class NewMember(BaseModel):
    """Someone to let in."""

    label: str = Field(min_length=1, max_length=120)
    email: str = Field(min_length=3, max_length=200, pattern=r"^[^@\s]+@[^@\s]+$")
    role: Role


class Entry(BaseModel):
    """What the new member needs to sign in; said once."""

    password: str
    totp_uri: str


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the list of members."""

    id: UUID
    label: str
    role: str
    suspended: bool


@dataclass(frozen=True, slots=True)
class Territory:
    """Whose communes: those of two CPTS, and those of nobody in the départements of this one."""

    communes: Sequence[str]
    overlaps: Sequence[str]
    holes: Sequence[str]


@routes.get("/admin")
async def admin(
    request: Request, page: PageDep, caller: CallerDep, session: SessionDep, compte: Filter = "", objet: Filter = ""
) -> Response:
    """The administration of one CPTS."""
    caller.require(Role.ADMIN)
    cpts_id = page.chosen_cpts(caller) or ""
    async with reading(request, "matching", caller.scope) as matching:
        parameters = await parameters_of(matching, cpts_id)
    return page.show(
        "matching/admin.html",
        title="admin.title",
        caller=caller,
        label=await label_of_account(session, caller),
        words=("admin.", "login."),
        roles=GIVEN,
        members=await members(session, cpts_id),
        territory=await territory(request, cpts_id),
        parameters=shown(parameters),
        accesses=await accesses(session, compte, objet),
        compte=compte,
        objet=objet,
    )


async def members(session: AsyncSession, cpts_id: str) -> list[Member]:
    """Who has a role in a CPTS."""
    found = await session.exec(
        select(AccountRow, RoleGrantRow.role)
        .join(RoleGrantRow, col(RoleGrantRow.account_id) == col(AccountRow.id))
        .where(RoleGrantRow.cpts_id == cpts_id)
        .order_by(RoleGrantRow.role, AccountRow.label)
    )
    return [Member(account.id, account.label, role, account.disabled_at is not None) for account, role in found]


async def territory(request: Request, cpts_id: str) -> Territory:
    """A commune belongs to one CPTS, and to one at least: what says otherwise."""
    async with reading(request, "availability", EVERYWHERE) as session:
        rows = (await run(session, text("select finess, communes from availability.cpts"))).all()
        owners: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            for insee in row.communes:
                owners[insee].append(row.finess)
        ours = [insee for insee, finess in owners.items() if cpts_id in finess]
        known = (await session.exec(select(CommuneRow).where(col(CommuneRow.parent).is_(None)))).all()
    names = {each.insee: each.name for each in known}
    departements = {each.departement for each in known if each.insee in ours}
    free = [each.name for each in known if each.departement in departements and each.insee not in owners]
    return Territory(
        communes=sorted(names.get(insee, insee) for insee in ours),
        overlaps=sorted(names.get(insee, insee) for insee in ours if len(owners[insee]) > 1),
        holes=sorted(free),
    )


def shown(parameters: CptsParameters) -> list[tuple[str, str, str]]:
    """Each parameter with its value and its default."""
    defaults: Mapping[str, object] = CptsParameters().model_dump(mode="json")
    return [(name, str(value), str(defaults[name])) for name, value in parameters.model_dump(mode="json").items()]


async def accesses(session: AsyncSession, account: str, item: str) -> list[dict[str, str]]:
    """The last accesses to patients' data that the reader's CPTS may see, by account or by object."""
    query = select(AccessRow, AccountRow.label).outerjoin(
        AccountRow, cast(col(AccountRow.id), Text) == col(AccessRow.account)
    )
    if account:
        query = query.where(col(AccountRow.label).icontains(account, autoescape=True))
    if item:
        query = query.where(col(AccessRow.object_id) == item)
    rows = await session.exec(query.order_by(col(AccessRow.at).desc()).limit(SHOWN))
    return [
        {
            "at": row.at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M"),
            "who": label or row.account,
            "role": row.role,
            "action": row.action,
            "kind": row.object_kind,
            "id": row.object_id,
        }
        for row, label in rows
    ]


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
    return Entry(password=password, totp_uri=uri)


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


async def _log(session: AsyncSession, caller: Caller, cpts_id: str, action: str, account_id: UUID) -> None:
    await record_access(
        session, caller, cpts_id=cpts_id, action=action, object_kind="account", object_id=str(account_id)
    )
