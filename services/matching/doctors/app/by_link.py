"""What a practitioner is asked, answered by a link sent to their professional address: no account, no name before yes.

Two questions: a proposal (class, journey, household: never who), and, before any round, whether they are already the
doctor of somebody who says they saw them: then initials and a date of birth say who.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.app import answers
from services.matching.doctors.app.intake import PractitionerReason
from services.matching.doctors.app.parameters import attachment_settings
from services.matching.doctors.app.register import RUNS_THE_REGISTER, patient_on
from services.matching.doctors.reads import attachment_row
from services.matching.doctors.store.links import DoctorLinkRow, add_doctor_link, open_doctor_link
from services.matching.doctors.store.register import AttachmentRow, EntryChange, change, tell
from services.matching.sameday.app.intake import Form
from shared.auth import Caller, Role
from shared.contracts.register import SEEKING, AttachmentState
from shared.db import Scope, database_now, set_scope
from shared.db.ids import new_id
from shared.patients.patient import initials_of
from shared.patients.vault import Vault
from shared.refusals import Refusal

LIFE = timedelta(days=14)
ASKED, MINE, TAKE, NO = "asked", "mine", "take", "no"
EVERYWHERE = Scope(frozenset({"*"}))


class DoctorLinkClosed(Refusal):
    """Ce lien n'est plus valable : ouvrez le dernier reçu, ou demandez-en un à votre CPTS."""

    code = "doctor_link_closed"
    status = 403


class DoctorAnswer(Form):
    """What a practitioner answers: to a proposal yes or no; to « êtes-vous son médecin ? » mine, take or no."""

    attachment_id: UUID
    answer: Literal["yes", "no", "mine", "take"]
    reason: PractitionerReason = "other"


class AskedOfDoctor(BaseModel):
    """One question, and what a yes means; `who` only where it asks whether they are already somebody's doctor."""

    id: UUID
    kind: Literal["proposal", "own"]
    priority_class: str
    travel_s: int | None = None
    home_visits: bool = False
    household: int = 1
    waits_since: datetime
    answer_by: datetime | None = None
    who: str = ""


def hash_secret(secret: str) -> bytes:
    """What is kept of a secret of 128 random bits."""
    return hashlib.sha256(f"doctor link {secret}".encode()).digest()


async def make_doctor_link(session: AsyncSession, caller: Caller, cpts_id: str, practitioner_id: UUID) -> str:
    """The secret of a new link, for who runs the register; the practitioner's former link ends."""
    caller.require(*RUNS_THE_REGISTER)
    caller.require_cpts(cpts_id)
    now, secret = await database_now(session), secrets.token_urlsafe(16)
    row = DoctorLinkRow(
        id=new_id(now),
        cpts_id=cpts_id,
        practitioner_id=practitioner_id,
        secret_hash=hash_secret(secret),
        made_by=caller.id,
        made_at=now,
        expires_at=now + LIFE,
    )
    await add_doctor_link(session, row)
    return secret


async def enter_by_link(session: AsyncSession, secret: str) -> tuple[Caller, UUID]:
    """In whose name a link answers; raises `DoctorLinkClosed`. The session then touches its CPTS only."""
    await set_scope(session, EVERYWHERE)
    found = await open_doctor_link(session, hash_secret(secret))
    if found is None:
        raise DoctorLinkClosed
    await set_scope(session, Scope(frozenset({found.cpts_id})))
    who = frozenset({str(found.practitioner_id)})
    caller = Caller(f"doctor:{found.id}", Role.PRACTITIONER, frozenset({found.cpts_id}), practitioners=who)
    return caller, found.practitioner_id


async def list_asked(session: AsyncSession, vault: Vault, caller: Caller, practitioner_id: UUID) -> list[AskedOfDoctor]:
    """What this practitioner is asked: whose doctor they may already be first, then what is proposed to them."""
    mine = (
        (col(AttachmentRow.seen_practitioner_id) == practitioner_id)
        & (AttachmentRow.seen_answer == ASKED)
        & col(AttachmentRow.state).in_(SEEKING)
    )
    proposed = (
        (col(AttachmentRow.practitioner_id) == practitioner_id)
        & (AttachmentRow.state == AttachmentState.PROPOSED)
        & ~col(AttachmentRow.untold)
    )
    order = (col(AttachmentRow.seen_answer) != ASKED, col(AttachmentRow.registered_at), col(AttachmentRow.id))
    rows = (await session.exec(select(AttachmentRow).where(mine | proposed).order_by(*order))).all()
    found = []
    for row in rows:
        own = row.state in SEEKING
        together = sum(each.household == row.household and each.state == row.state for each in rows)
        found.append(
            AskedOfDoctor(
                id=row.id,
                kind="own" if own else "proposal",
                priority_class=row.priority_class,
                travel_s=row.why.get("travel_s"),
                home_visits=row.home_visits,
                household=together,
                waits_since=row.registered_at,
                answer_by=row.answer_by,
                who=await _who(session, vault, caller, row) if own else "",
            )
        )
    return found


async def _who(session: AsyncSession, vault: Vault, caller: Caller, row: AttachmentRow) -> str:
    """Initials and date of birth, as their own doctor knows them; each reading leaves a trace."""
    if row.patient_sealed is None:
        return ""
    known: dict[str, Any] = await patient_on(row).read(session, caller, vault)
    return " · ".join(filter(None, [initials_of(str(known.get("name", ""))), str(known.get("birth_date") or "")]))


async def answer_by_link(session: AsyncSession, caller: Caller, practitioner_id: UUID, said: DoctorAnswer) -> None:
    """Carry out one answer; raises `AttachmentMoved` when it is no longer asked, `NotAllowed` for another's."""
    row = await attachment_row(session, said.attachment_id)
    if row.state in SEEKING and row.seen_practitioner_id == practitioner_id:
        await _answer_own(session, caller, row, said)
    elif said.answer == "yes":
        await answers.accept(session, caller, row.id)
    else:
        await answers.refuse(session, caller, row.id, said.reason)


async def _answer_own(session: AsyncSession, caller: Caller, row: AttachmentRow, said: DoctorAnswer) -> None:
    """« Oui, je suis son médecin » closes the entry, a declaration only; « je le prends » asks the person; « non »."""
    now = await database_now(session)
    guard = (col(AttachmentRow.seen_answer) == ASKED,)
    mine, values = {"practitioner_id": row.seen_practitioner_id}, dict[str, Any]()
    if said.answer == MINE:
        to, values = AttachmentState.CONFIRMED, {**mine, "seen_answer": MINE, "reason": "declaration_only"}
        made = EntryChange(row.id, "own_doctor", caller.id, now, SEEKING, to, values=values, guard=guard)
    elif said.answer == NO:
        forbidden = func.array_append(col(AttachmentRow.forbidden), str(row.seen_practitioner_id))
        values = {"seen_answer": NO, "forbidden": forbidden}
        detail = {"practitioner_id": str(row.seen_practitioner_id), "reason": said.reason}
        made = EntryChange(row.id, "own_doctor_no", caller.id, now, SEEKING, detail=detail, values=values, guard=guard)
    else:
        until = now + timedelta(days=(await attachment_settings(session, row.cpts_id)).answer_days)
        values = {**mine, "seen_answer": TAKE, "answer_by": until, "proposed_at": now}
        to = AttachmentState.ACCEPTED_BY_PRACTITIONER
        made = EntryChange(row.id, to, caller.id, now, SEEKING, to, values=values, guard=guard)
    changed = await change(session, made)
    await tell(session, changed, made.code)
