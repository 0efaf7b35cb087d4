"""`aiguillage account add` and `cpts add`: who may sign in, with a second factor; which territories there are."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import orders
from services.availability.app.directory import put_cpts
from services.installation.starting import install
from services.people.signin import add_account
from shared.auth import OWN_SLOTS_ONLY, Role
from shared.db import Scope, run, set_scope
from shared.refusals import CannotStart
from shared.wiring import running, wire

LEAST_PASSWORD = 12


async def add(
    data_dir: Path,
    *,
    label: str,
    email: str,
    role: str,
    cpts: str,
    rpps: str,
    password: str,
    say: Callable[[str], None],
) -> None:
    """Create the account and print, once, what sets up its second factor. CannotStart says what to change."""
    if role not in set(Role) - {Role.MACHINE}:
        raise CannotStart(f"Rôle inconnu « {role} » : {', '.join(sorted(set(Role) - {Role.MACHINE}))}.")
    if len(password) < LEAST_PASSWORD:
        raise CannotStart(f"Mot de passe trop court : {LEAST_PASSWORD} signes au moins.")
    async with install(data_dir, join=True) as here, running(wire("availability", here.settings)) as wiring:
        try:
            async with wiring.open_session() as session:
                practitioner_id = await _practitioner(session, Role(role), cpts, rpps)
                _, uri = await add_account(
                    session,
                    wiring.vault,
                    label=label,
                    role=Role(role),
                    cpts_id=cpts,
                    practitioner_id=practitioner_id,
                    email=email,
                    password=password,
                )
        except IntegrityError:
            raise CannotStart(f"Un compte porte déjà l'adresse {email}.") from None
    say(f"Compte créé pour {email}. Second facteur, à enregistrer maintenant (affiché une seule fois) :\n{uri}")


async def _practitioner(session: AsyncSession, role: Role, cpts: str, rpps: str) -> UUID | None:
    """Whose slots the account may touch, for the roles that are bound to one practitioner."""
    if role not in OWN_SLOTS_ONLY:
        return None
    await set_scope(session, Scope(frozenset({cpts})))
    query = text("select id from availability.practitioner where rpps = :rpps")
    found: UUID | None = (await run(session, query, rpps=rpps)).scalar_one_or_none()
    if found is None:
        raise CannotStart(f"Aucun praticien de RPPS « {rpps} » : l'importer d'abord, ou corriger --rpps.")
    return found


async def add_cpts(
    data_dir: Path, *, finess: str, name: str, size: int, communes: str, say: Callable[[str], None]
) -> None:
    """Create a territory, or change it. CannotStart says what to change."""
    try:
        order = orders.Cpts(name=name, size=size, communes=communes.replace(",", " ").split())
        TypeAdapter(orders.Finess).validate_python(finess)
    except ValidationError as refused:
        faults = [f"{'.'.join(map(str, each['loc'])) or 'finess'} : {each['msg']}" for each in refused.errors()]
        raise CannotStart("; ".join(faults)) from None
    async with (
        install(data_dir, join=True) as here,
        running(wire("availability", here.settings)) as wiring,
        wiring.open_session() as session,
    ):
        await set_scope(session, Scope(frozenset({finess})))
        await put_cpts(session, finess, order)
    say(f"CPTS {finess} : {name}, {len(order.communes)} communes.")
