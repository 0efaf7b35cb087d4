"""Creating, changing and disabling regulators' accounts. The database decides who has an identifier or an address."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.interop.fhir import terms
from services.availability.interop.fhir.outcome import Duplicate, RuleBroken
from services.availability.interop.sas.regulators import RegulatorValue
from services.availability.store.interop.regulators import add_regulator, change_regulator
from services.availability.tables import CptsRow
from services.availability.tables.regulators import RegulatorRow
from services.people.store.accounts import grant_roles, put_account
from shared.auth import Role
from shared.auth.store import end_sessions
from shared.db import database_now
from shared.db.ids import new_id
from shared.db.tables import RoleGrantRow


async def create_regulator(session: AsyncSession, value: RegulatorValue) -> UUID:
    """Open an account; raises `Duplicate` when an identifier or the address is in use."""
    account_id = new_id(await database_now(session))
    with _duplicates_refused():
        await add_regulator(session, account_id, _columns(value))
        await _keep_account(session, account_id, value)
    return account_id


async def put_regulator(session: AsyncSession, system: str, number: str, value: RegulatorValue) -> tuple[UUID, bool]:
    """Create or change the account with this identifier; answers its id and whether it is new. Raises `Duplicate`."""
    column = {terms.NATIONAL_ID: RegulatorRow.national_id, terms.SAS_ID: RegulatorRow.sas_id}.get(system)
    if column is None:
        raise RuleBroken("Système d'identifiant inconnu.", field="identifier", value=system[:80], rule="IDNPS or INTRN")
    known = (
        await session.exec(
            select(RegulatorRow.id)
            .where(column == number)
            .order_by(col(RegulatorRow.active).desc(), col(RegulatorRow.id).desc())
            .limit(1)
            .with_for_update()
        )
    ).one_or_none()
    if known is None:
        return await create_regulator(session, value), True
    with _duplicates_refused():
        await change_regulator(session, known, _columns(value))
        await _keep_account(session, known, value)
    return known, False


async def regulator_of(session: AsyncSession, account_id: UUID) -> RegulatorValue | None:
    """The account, when it is a regulator's."""
    row = await session.get(RegulatorRow, account_id)
    if row is None:
        return None
    return RegulatorValue(row.family, row.given, row.email, row.active, row.national_id, row.sas_id)


def _columns(value: RegulatorValue) -> dict[str, Any]:
    return {name: getattr(value, name) for name in ("family", "given", "email", "active", "national_id", "sas_id")}


@contextmanager
def _duplicates_refused() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        field = "telecom" if "email" in str(error.orig) else "identifier"
        raise Duplicate(field=field, rule="in use by an active account") from error


async def _keep_account(session: AsyncSession, account_id: UUID, value: RegulatorValue) -> None:
    """The account to sign in with: regulator in every CPTS of this installation, or closed with its sessions."""
    values = {
        "label": f"{value.given} {value.family}",
        "email": value.email if value.active else None,
        "disabled_at": None if value.active else await database_now(session),
    }
    await put_account(session, account_id, values)
    if not value.active:
        await end_sessions(session, account_id)
        return
    granted = select(RoleGrantRow.cpts_id).where(RoleGrantRow.account_id == account_id)
    missing = select(CptsRow.finess).where(col(CptsRow.finess).not_in(granted))
    now = await database_now(session)
    grants = [
        RoleGrantRow(id=new_id(now), account_id=account_id, role=Role.REGULATOR, cpts_id=finess)
        for finess in (await session.exec(missing)).all()
    ]
    await grant_roles(session, grants)
