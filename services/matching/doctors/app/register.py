"""The register of people without a médecin traitant: entering someone, reading what is known of them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.app.intake import AttachmentForm
from services.matching.doctors.app.parameters import AttachmentSettings, attachment_settings, months_later
from services.matching.doctors.reads import attachment_row
from services.matching.doctors.store.register import AttachmentRow, add_attachment, tell
from services.matching.engine.doctors.model import Seeker, class_rank
from shared.auth import Caller, Role
from shared.contracts.register import SEEKING, AttachmentState
from shared.db import database_now
from shared.db.ids import new_id
from shared.db.tables import CommuneRow
from shared.patients.kept import KeptPatient
from shared.patients.vault import Vault
from shared.refusals import Invalid, NotAllowed

REGISTRARS = (Role.PHARMACIST, Role.REGULATOR, Role.COORDINATOR, Role.PRACTITIONER, Role.DELEGATE, Role.MACHINE)
RUNS_THE_REGISTER = frozenset({Role.COORDINATOR, Role.MACHINE})
YEAR = timedelta(days=365.25)


async def register(
    session: AsyncSession, caller: Caller, vault: Vault, form: AttachmentForm, entry: UUID | None = None
) -> AttachmentRow:
    """Enter someone in the register of their CPTS; `entry` is their identifier when a list names them."""
    caller.require(*REGISTRARS)
    cpts_id = form.cpts_id or caller.only_cpts()
    caller.require_cpts(cpts_id)
    now = await database_now(session)
    settings = await attachment_settings(session, cpts_id)
    if await session.get(CommuneRow, form.insee) is None:
        raise Invalid(
            "Cette commune est inconnue.", field="insee", value=form.insee, rule="an INSEE code, GET /communes"
        )
    row = AttachmentRow(
        id=entry or new_id(now),
        cpts_id=cpts_id,
        state=AttachmentState.WAITING,
        insee=form.insee,
        age=form.age,
        entered_at=now,
        flags=_check_flags(form.flags, settings),
        priority_class="",
        home_visits=form.home_visits,
        household=new_id(now),
        max_travel_s=None if form.max_travel_minutes is None else 60 * form.max_travel_minutes,
        forbidden=sorted({str(each) for each in form.not_practitioners}),
        seen_practitioner_id=form.seen_practitioner_id,
        seen_answer="asked" if _may_ask(form) else "",
        source=form.source,
        reference=form.reference,
        registered_by=caller.id,
        registered_role=caller.role,
        registered_at=_since(form.waiting_since, now),
        revalidate_by=months_later(now, settings.revalidate_months),
        changed_at=now,
    )
    row.priority_class = class_of(row, settings, now)
    if form.household_with is not None:
        row.household = await _household(session, cpts_id, form.household_with)
    if form.patient is not None:
        row.patient_sealed = await patient_on(row).seal(session, caller, vault, form.patient)
    await add_attachment(session, row)
    await tell(session, row, "registered")
    return row


def _may_ask(form: AttachmentForm) -> bool:
    """Whether the doctor they saw can be asked first: not one who refused them, or whom they do not want."""
    return form.seen_practitioner_id is not None and form.seen_practitioner_id not in form.not_practitioners


def _check_flags(flags: list[str], settings: AttachmentSettings) -> list[str]:
    unknown = sorted(set(flags) - settings.flags)
    if unknown:
        raise Invalid(field="flags", value=", ".join(unknown), rule=f"among {', '.join(sorted(settings.flags))}")
    return sorted(set(flags))


def _since(asked: datetime | None, now: datetime) -> datetime:
    if asked is not None and asked > now:
        raise Invalid("L'ancienneté ne peut pas être à venir.", field="waiting_since", value=asked, rule="in the past")
    return asked or now


async def _household(session: AsyncSession, cpts_id: str, with_whom: UUID) -> UUID:
    """The household of someone of the same register who still looks for a practitioner."""
    other = await session.get(AttachmentRow, with_whom)
    if other is None or other.cpts_id != cpts_id or other.state not in SEEKING:
        raise Invalid(
            "Cette personne n'attend pas, ou plus, dans ce registre.",
            field="household_with",
            value=with_whom,
            rule="the id of someone of the same CPTS who still waits",
        )
    return other.household


def core_patient(row: AttachmentRow, now: datetime) -> Seeker:
    """An entry as the core takes it; people grow older while they wait."""
    return Seeker(
        id=str(row.id),
        commune=row.insee,
        since_at_s=int(row.registered_at.timestamp()),
        flags=frozenset(row.flags),
        age=None if row.age is None else row.age + (now - row.entered_at) // YEAR,
        home_visits=row.home_visits,
        max_travel_s=row.max_travel_s,
        household=str(row.household),
        forbidden=frozenset(row.forbidden),
    )


def class_of(row: AttachmentRow, settings: AttachmentSettings, now: datetime) -> str:
    """The code of the first class that takes this person; empty when none does."""
    rank = class_rank(core_patient(row, now), settings.ranked)
    return settings.classes[rank].code if rank < len(settings.classes) else ""


async def read_patient(session: AsyncSession, caller: Caller, vault: Vault, attachment_id: UUID) -> dict[str, Any]:
    """Decrypt what is known of the person, for who registered them, coordinates or accepted them; leaves a trace."""
    row = await attachment_row(session, attachment_id)
    accepted = is_proposed_to(caller, row) and row.state != AttachmentState.PROPOSED
    if not (may_act(caller, row) or accepted):
        raise NotAllowed(
            "Le nom se lit une fois le patient accepté.",
            field="attachment_id",
            value=attachment_id,
            rule="registered by you, or accepted by you",
        )
    return await patient_on(row).read(session, caller, vault)


def patient_on(row: AttachmentRow) -> KeptPatient:
    """What an entry keeps of its patient."""
    return KeptPatient("attachment", row.id, row.cpts_id, row.patient_sealed)


def may_act(caller: Caller, row: AttachmentRow) -> bool:
    """Whoever registered someone may speak for them, and who runs the register."""
    return row.registered_by == caller.id or caller.role in RUNS_THE_REGISTER


def is_proposed_to(caller: Caller, row: AttachmentRow) -> bool:
    """Whether the caller is the practitioner of this proposal, or acts for them, and was told of it."""
    return not row.untold and caller.practitioners is not None and str(row.practitioner_id) in caller.practitioners
