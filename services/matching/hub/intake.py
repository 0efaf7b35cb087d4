"""What a message of the SAMU hub does here, in one transaction. No network.

A message is settled once, by its number; its answer and its request are written together, or nothing is.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.hub import messages
from services.matching.hub.case import UNSCHEDULED, Case, case_of
from services.matching.hub.messages import Addressed, Outgoing, Received
from services.matching.hub.schemas import HubSchemas
from services.matching.hub.store.cases import belongs_to, first_time, lock_case, note_patient
from services.matching.hub.store.mail import HubMessageRow, claim, remember_answer
from services.matching.sameday.app.asking import submit_request, without_astray_point
from services.matching.sameday.app.hand.amending import AlreadyServed, Amendment, amend, note_refused, take_back
from services.matching.sameday.app.intake import RequestForm
from shared.auth import Caller
from shared.outside.untrusted import text_at
from shared.patients.patient import Patient
from shared.patients.vault import Vault
from shared.refusals import Refusal

UNSAID_URGENCY = 3


@dataclass(frozen=True, slots=True)
class HubDesk:
    """Who takes messages in, for which CPTS, by which schemas."""

    caller: Caller
    cpts_id: str
    vault: Vault
    schemas: HubSchemas

    async def take_in(self, session: AsyncSession, sent: Mapping[str, Any]) -> tuple[Outgoing | None, bool]:
        """Settle a message: the answer that is due, if any, and whether this is the first time.

        Raises `HubRefusal` when it cannot be read.
        """
        message = messages.read_received(sent)
        if not await claim(session, message.distribution_id, self.cpts_id):
            return await self._say(session, message), False
        if message.use_case in (messages.ACKNOWLEDGEMENT, messages.ERROR):
            return None, True
        return await self.answer(session, message, await self._outcome(session, sent, message)), True

    async def refuse(self, session: AsyncSession, address: Addressed, causes: Sequence[str]) -> Outgoing | None:
        """Settle a message that cannot be taken in; None when it was settled before."""
        if not await claim(session, address.distribution_id, self.cpts_id):
            return None
        return await self.answer(session, address, messages.rejection(address, causes))

    async def answer(self, session: AsyncSession, address: Addressed, outgoing: Outgoing) -> Outgoing:
        """Remember what a message was answered."""
        await remember_answer(session, address.distribution_id, self.cpts_id, outgoing)
        return outgoing

    async def _say(self, session: AsyncSession, address: Addressed) -> Outgoing | None:
        row = await session.get(HubMessageRow, (address.distribution_id, self.cpts_id))
        if row is None or row.answer is None:
            return None
        return Outgoing(**{**row.answer, "message_id": UUID(row.answer["message_id"])})

    async def _outcome(self, session: AsyncSession, sent: Mapping[str, Any], message: Received) -> Outgoing:
        causes = self.schemas.faults(sent, message)
        if not causes and message.use_case in (messages.CASE, messages.CASE_CHANGE):
            try:
                ours = await (self._change if _changes(message) else self._make)(session, message)
            except _Wrong as wrong:
                causes = wrong.causes
            else:
                return messages.acknowledgement(message, refused=not ours)
        return messages.rejection(message, causes) if causes else messages.acknowledgement(message, refused=True)

    async def _make(self, session: AsyncSession, message: Received) -> bool:
        """Make a request of a case, once; false when it is none of ours. Everything is written or nothing."""
        case = case_of(message.body)
        if case.perimeter != UNSCHEDULED:
            return False
        async with _all_or_nothing(session):
            form = _form(case, self.cpts_id)
            if await first_time(session, case.case_id, cpts_id=self.cpts_id, sender=message.sender):
                placed = await without_astray_point(session, form)
                row = await submit_request(session, self.caller, self.vault, placed)
                await belongs_to(session, case.case_id, row.id, case.patient_id)
        return True

    async def _change(self, session: AsyncSession, message: Received) -> bool:
        """Change the request of a case, or end it; false when the case is none of ours."""
        perimeter = text_at(message.body, "perimeter")
        known = await lock_case(session, text_at(message.body, "caseId"))
        if known is None or known.request_id is None:
            if perimeter == UNSCHEDULED and not message.cancels:
                raise _Wrong(["caseId: unknown here, send its RS-EDA first"])
            return False
        if known.sender != message.sender:
            raise _Wrong(["senderID: who sent the case"])
        case, request_id = case_of(message.body, known.patient_id), known.request_id
        try:
            async with _all_or_nothing(session):
                if message.cancels or perimeter not in ("", UNSCHEDULED):
                    reason = "other" if message.cancels else "emergency"
                    await take_back(session, self.caller, request_id, reason=reason)
                else:
                    await note_patient(session, known, case.patient_id)
                    await amend(session, self.caller, self.vault, request_id, _amendment(case))
        except _Wrong as wrong:
            if wrong.served:
                await note_refused(session, self.caller, request_id)
            raise
        return True


class _Wrong(Exception):
    """A message that is valid by its schema, and cannot be done: what is wrong, and whether it comes too late."""

    def __init__(self, causes: list[str], *, served: bool = False) -> None:
        super().__init__(*causes)
        self.causes, self.served = causes, served


@asynccontextmanager
async def _all_or_nothing(session: AsyncSession) -> AsyncIterator[None]:
    """What is written inside stays only if all of it can be; a refusal becomes `_Wrong`."""
    try:
        async with session.begin_nested():
            yield
    except ValidationError as error:
        causes = [f"{'.'.join(map(str, fault['loc'])) or 'location'}: {fault['type']}" for fault in error.errors()]
        raise _Wrong(causes) from None
    except Refusal as refusal:
        cause = f"{refusal.extra.get('field', 'message')}: {refusal.extra.get('rule', refusal.code)}"
        raise _Wrong([cause], served=isinstance(refusal, AlreadyServed)) from None


def _changes(message: Received) -> bool:
    return message.cancels or message.use_case == messages.CASE_CHANGE


def _amendment(case: Case) -> Amendment:
    return Amendment.model_validate(
        {
            "urgency": case.urgency,
            "professions": list(case.professions),
            "modes": list(case.modes),
            "age": case.age,
            "name": case.name,
            "birth_date": case.birth_date,
        }
    )


def _form(case: Case, cpts_id: str) -> RequestForm:
    born = case.birth_date.isoformat() if case.birth_date else None
    patient = Patient(name=case.name, phone=case.phone, birth_date=born)
    form: dict[str, Any] = {
        "cpts_id": cpts_id,
        "insee": case.insee or None,
        "point": {"lat": case.point[0], "lon": case.point[1]} if case.point else None,
        "urgency": case.urgency or UNSAID_URGENCY,
        "motive": "other",
        "professions": list(case.professions),
        "modes": list(case.modes),
        "age": case.age,
        "source": "sas",
        "patient": patient if case.name or case.phone or case.birth_date else None,
    }
    return RequestForm.model_validate(form)
