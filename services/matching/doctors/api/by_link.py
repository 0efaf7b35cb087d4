"""Practitioners answer by a link: made and sent by who runs the register, opened without an account."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.matching.doctors.app.by_link import (
    AskedOfDoctor,
    DoctorAnswer,
    answer_by_link,
    enter_by_link,
    list_asked,
    make_doctor_link,
)
from services.matching.sameday.app.intake import Form
from services.people.notices.mail import MailSettings, Undeliverable, letter, send
from services.people.signin import count_attempt
from shared.db import waiting_elsewhere
from shared.db.ids import new_id
from shared.http import CallerDep, SessionDep, WiringDep
from shared.http.parts import find_part
from shared.outside.asked import LINE, CptsId, Email
from shared.refusals import Invalid
from shared.wording.labels import language_of, wording

routes = APIRouter(tags=["médecin traitant"])


class DoctorLinkForm(Form):
    """For whom a link is made; with `email`, it is sent to their professional address."""

    cpts_id: CptsId | None = None
    practitioner_id: UUID
    email: Email | None = None


class DoctorLink(BaseModel):
    """A link, shown once when it was not sent."""

    url: str = ""
    sent: bool = False


class DoctorSecret(Form):
    """What opens a link."""

    secret: Annotated[str, Field(min_length=20, max_length=40), LINE]


class DoctorSays(DoctorSecret, DoctorAnswer):
    """An answer given by a link."""


@routes.post("/attachments/doctor-links", status_code=201)
async def make_link(
    request: Request, form: DoctorLinkForm, caller: CallerDep, session: SessionDep, wiring: WiringDep
) -> DoctorLink:
    """A link by which a practitioner answers what they are asked, for 14 days; their former one ends."""
    cpts_id = form.cpts_id or caller.only_cpts()
    secret = await make_doctor_link(session, caller, cpts_id, form.practitioner_id)
    url = f"{wiring.settings.public_url}/medecin#{secret}"
    if form.email is None:
        return DoctorLink(url=url)
    mail = find_part(request, MailSettings)
    if not mail.ready:
        raise Invalid("L'envoi d'e-mails n'est pas réglé ici.", field="email", rule="configured")
    words = wording(language_of(request.cookies))
    message = letter(
        sender=mail.sender,
        to=form.email,
        subject=words.say("doctor.subject"),
        lines=[words.say("doctor.text", url=url)],
        message_id=f"<{new_id(wiring.clock.now())}@aiguillage>",
        preferences=url,
    )
    async with waiting_elsewhere(session):
        try:
            await send(mail, message)
        except Undeliverable:
            raise Invalid("Cette adresse ne reçoit pas.", field="email", rule="a mailbox") from None
    return DoctorLink(sent=True)


@routes.post("/doctor/link")
async def read_link(request: Request, form: DoctorSecret, wiring: WiringDep) -> list[AskedOfDoctor]:
    """What a practitioner is asked."""
    return await _list(request, form.secret, wiring)


@routes.post("/doctor/answer")
async def answer_link(request: Request, form: DoctorSays, wiring: WiringDep) -> list[AskedOfDoctor]:
    """One answer; then what is still asked."""
    await count_attempt(request, wiring, "doctor answer")
    async with wiring.open_session() as session:
        caller, practitioner_id = await enter_by_link(session, form.secret)
        said = DoctorAnswer.model_validate(form.model_dump(exclude={"secret"}))
        await answer_by_link(session, caller, practitioner_id, said)
    return await _list(request, form.secret, wiring)


async def _list(request: Request, secret: str, wiring: WiringDep) -> list[AskedOfDoctor]:
    address = await count_attempt(request, wiring, "doctor link")
    async with wiring.open_session() as session:
        caller, practitioner_id = await enter_by_link(session, secret)
        found = await list_asked(session, wiring.vault, caller, practitioner_id)
    for name in ("doctor link", "doctor answer"):
        await wiring.attempts.right(name, address)
    return found
