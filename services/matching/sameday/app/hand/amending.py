"""What whoever asked has learned since: how urgent, by whom, who. Once there is an appointment, a person acts."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.engine.model import Mode
from services.matching.sameday.app.asking import acting_on, patient_on
from services.matching.sameday.app.bookings import BOOKED, NO_SLOT
from services.matching.sameday.app.intake import Code, Form, default_deadline
from services.matching.sameday.app.parameters import CptsParameters, parameters_of
from services.matching.sameday.store.requests import Move, move, tell
from services.matching.sameday.store.tables import RequestRow
from shared.auth import Caller
from shared.contracts import ON_THE_BOARD, RequestState
from shared.db import database_now
from shared.patients.patient import Patient
from shared.patients.vault import Vault
from shared.refusals import Refusal
from shared.typed.zones import zone_of

SAID = frozenset({"urgency", "professions", "modes", "age", "patient"})
"""What the story of a request says has changed: never to what, it may be a patient's."""


class AlreadyServed(Refusal):
    """Cette demande n'attend plus de créneau : ce qui change est à dire de vive voix."""

    code = "already_served"


class Amendment(Form):
    """What changes; what is left out stays. Where the patient is does not change."""

    urgency: int | None = Field(default=None, ge=1, le=4)
    professions: list[Code] = Field(default=[], max_length=10)
    modes: list[Mode] = Field(default=[], max_length=3)
    age: int | None = Field(default=None, ge=0, le=130)
    name: str = Field(default="", max_length=120)
    birth_date: date | None = None


async def amend(
    session: AsyncSession, caller: Caller, vault: Vault, request_id: UUID, form: Amendment
) -> RequestRow | None:
    """Change a request that still waits; None when nothing differs. Raises `AlreadyServed`, `NotFound`, `NotAllowed`.

    A slot that was only in mind is thought over; a new class starts its times again.
    """
    before = await _lock(session, caller, request_id)
    needs = await _needs(session, before, form)
    patient = _patient(vault, before, form)
    if not needs and patient is None:
        return None
    _refuse_served(before)
    now, sealed = await database_now(session), {}
    if patient is not None:
        sealed["patient_sealed"] = await patient_on(before).seal(session, caller, vault, patient)
    reopens = needs and (
        before.state == RequestState.PROPOSED
        or (before.state == RequestState.UNSERVED and needs.get("deadline_at", before.deadline_at) > now)
    )
    row = await move(
        session,
        Move(
            request_id,
            code="amended",
            by=caller.id,
            at=now,
            from_states=ON_THE_BOARD,
            to=RequestState.OPEN if reopens else None,
            detail={"changed": sorted({*needs, *(["patient"] if sealed else [])} & SAID)},
            values={**needs, **sealed, **({**NO_SLOT, "reason": ""} if reopens else {})},
        ),
    )
    await tell(session, row, "amended")
    return row


async def take_back(session: AsyncSession, caller: Caller, request_id: UUID, *, reason: str) -> RequestRow | None:
    """End a request that still waits; None when it has ended already. Raises as `amend` does."""
    before = await _lock(session, caller, request_id)
    if before.state == RequestState.CANCELLED:
        return None
    _refuse_served(before)
    ended = Move(
        request_id,
        code="cancelled",
        by=caller.id,
        at=await database_now(session),
        from_states=ON_THE_BOARD,
        to=RequestState.CANCELLED,
        detail={"reason": reason},
        values={**NO_SLOT, "reason": reason, "next_step_at": None},
    )
    row = await move(session, ended)
    await tell(session, row, "cancelled")
    return row


async def note_refused(session: AsyncSession, caller: Caller, request_id: UUID) -> None:
    """Leave in the request's story that something changed and came too late, if its patient is still to come."""
    before = await _lock(session, caller, request_id)
    if before.state not in BOOKED:
        return
    noted = Move(
        request_id,
        code="amendment_refused",
        by=caller.id,
        at=await database_now(session),
        from_states={RequestState(before.state)},
    )
    await tell(session, await move(session, noted), "amendment_refused", wake=False)


async def _lock(session: AsyncSession, caller: Caller, request_id: UUID) -> RequestRow:
    """The request, which nobody else changes before this transaction ends."""
    row = await acting_on(session, caller, request_id)
    await session.refresh(row, with_for_update=True)
    return row


def _refuse_served(row: RequestRow) -> None:
    if row.state not in ON_THE_BOARD or row.archived_at:
        raise AlreadyServed(field="request", rule=f"a request that waits, not {row.state}")


async def _needs(session: AsyncSession, before: RequestRow, form: Amendment) -> dict[str, Any]:
    """The columns that differ, with the times that a new class means."""
    given = form.model_dump(include={"urgency", "professions", "modes", "age"}, exclude_none=True, mode="json")
    values = {name: value for name, value in given.items() if value not in ([], getattr(before, name))}
    if "urgency" in values:
        parameters = await parameters_of(session, before.cpts_id)
        values |= _times(before, values["urgency"], await database_now(session), parameters)
    return values


def _times(before: RequestRow, urgency: int, now: datetime, parameters: CptsParameters) -> dict[str, datetime | None]:
    """The times of a request that is of this class since now."""
    deadline = max(
        default_deadline(urgency, now, zone_of(before.insee)), max(before.earliest_at, now) + timedelta(hours=1)
    )
    return {
        "deadline_at": deadline,
        "answer_by": min(now + timedelta(seconds=parameters.confirm_after_s[urgency - 1]), deadline),
        "next_step_at": parameters.next_step(submitted_at=now, urgency=urgency, level=before.escalation),
    }


def _patient(vault: Vault, before: RequestRow, form: Amendment) -> Patient | None:
    """Who is coming, as far as it is known now; None when that is what was known."""
    given = form.model_dump(include={"name", "birth_date"}, exclude_defaults=True, mode="json")
    known = patient_on(before).open(vault) or {}
    if all(known.get(name) == value for name, value in given.items()):
        return None
    return Patient.model_construct(**{**known, **given})
