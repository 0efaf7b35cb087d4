"""Links for patients: given by who asked, opened by who knows the year of birth; and what is done by them."""

import io
from typing import Annotated, Literal
from uuid import UUID

import segno
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from services.matching.patients import acts, store
from services.matching.patients.acts import PatientAct, PatientView
from services.matching.patients.gateway import SmsSettings
from services.matching.patients.opening import OpenedLink, hash_secret, issue, open_link, years_of
from services.matching.patients.store import PatientContactRow
from services.matching.patients.where import Meetings
from services.matching.sameday.api.requests import DeskDep, bookings_of
from services.matching.sameday.app.asking import acting_on, patient_on
from services.matching.sameday.app.hand.tending import Desk
from services.matching.sameday.app.intake import Form
from services.people.notices.mail import MailSettings
from services.people.signin import count_attempt
from shared.auth import record_access
from shared.contracts import ON_THE_BOARD, RequestState
from shared.db import database_now, set_scope, waiting_elsewhere
from shared.http import WiringDep
from shared.http.parts import find_part
from shared.outside.asked import LINE, Email
from shared.refusals import Invalid
from shared.typed.phones import mobile
from shared.wiring import Wiring
from shared.wording.labels import language_of

routes = APIRouter(tags=["patients"])


class NewContact(Form):
    """Where the patient wants to be told: `to` is a mobile number or an e-mail; left out, the number of the request."""

    channel: Literal["sms", "email"]
    email: Email | None = None
    phone: Annotated[str, Field(max_length=40), LINE] = ""


class MessageView(BaseModel):
    """A message to the patient, and what became of it."""

    kind: str
    channel: str
    state: str


class ContactView(BaseModel):
    """What may be used here, and what was sent. Never to whom."""

    sms: bool
    email: bool
    told: bool
    stopped: bool
    left: int
    messages: list[MessageView]


class NewLink(BaseModel):
    """A link to show once, and its QR code (SVG)."""

    url: str
    svg: str


class LinkForm(Form):
    """What opens a link: its secret, and the year of birth of who it is for."""

    secret: Annotated[str, Field(min_length=20, max_length=40), LINE]
    year: int = Field(ge=1900, le=2200)


class LinkAct(LinkForm, PatientAct):
    """What is said by a link."""


class SecretForm(Form):
    """A link, to be told no more by."""

    secret: Annotated[str, Field(min_length=20, max_length=40), LINE]


def _channels(request: Request) -> tuple[SmsSettings, MailSettings]:
    return find_part(request, SmsSettings), find_part(request, MailSettings)


@routes.get("/requests/{request_id}/patient-contact")
async def read_contact(request: Request, desk: DeskDep, request_id: UUID) -> ContactView:
    """How the patient of a request can be told, and what they were sent."""
    await acting_on(desk.session, desk.caller, request_id)
    return await _contact_view(request, desk, request_id)


async def _contact_view(request: Request, desk: Desk, request_id: UUID) -> ContactView:
    sms, mail = _channels(request)
    known = await desk.session.get(PatientContactRow, request_id)
    sent = await store.message_states(desk.session, request_id)
    return ContactView(
        sms=sms.ready,
        email=mail.ready,
        told=known is not None,
        stopped=known is not None and known.stopped_at is not None,
        left=store.MOST_MESSAGES - (known.messages if known else 0),
        messages=[MessageView(kind=kind, channel=channel, state=state) for kind, channel, state in sent],
    )


@routes.put("/requests/{request_id}/patient-contact")
async def put_contact(request: Request, desk: DeskDep, request_id: UUID, form: NewContact) -> ContactView:
    """Send the patient a link at once, and tell them of what comes: they asked for it. Three messages at most."""
    row = await acting_on(desk.session, desk.caller, request_id)
    sms, mail = _channels(request)
    if not {"sms": sms.ready, "email": mail.ready}[form.channel]:
        raise Invalid("Cet envoi n'est pas réglé ici.", field="channel", rule="configured")
    if row.state not in ON_THE_BOARD | {RequestState.HELD, RequestState.CONFIRMED}:
        raise Invalid("Cette demande est close.", field="request_id", rule="waiting or confirmed")
    patient = patient_on(row).open(desk.vault) or {}
    to = _address(form, str(patient.get("phone", "")), row.insee)
    if not years_of(row, patient):
        raise Invalid("Indiquez l'âge : le lien ne s'ouvre qu'avec l'année de naissance.", field="age", rule="known")
    await record_access(
        desk.session, desk.caller, cpts_id=row.cpts_id, action="write", object_kind="request", object_id=str(row.id)
    )
    contact = PatientContactRow(
        request_id=row.id,
        cpts_id=row.cpts_id,
        channel=form.channel,
        to_sealed=desk.vault.seal({"to": to}, cpts_id=row.cpts_id, row_id=str(row.id)),
        language=language_of(request.cookies),
        made_at=await database_now(desk.session),
    )
    await store.put_contact(desk.session, contact)
    return await _contact_view(request, desk, request_id)


def _address(form: NewContact, known: str, insee: str) -> str:
    """The number, as gateways take it, or the mailbox; raises `Invalid`."""
    if form.channel == "email":
        if form.email is None:
            raise Invalid("Indiquez l'adresse e-mail.", field="email", rule="given")
        return form.email
    number = mobile(form.phone or known, insee)
    if not number:
        raise Invalid("Indiquez un numéro de mobile.", field="phone", rule="a mobile number")
    return number


@routes.post("/requests/{request_id}/patient-link", status_code=201)
async def make_link(desk: DeskDep, wiring: WiringDep, request_id: UUID) -> NewLink:
    """A link for the ticket's QR code, shown once; former ones of the request end."""
    row = await acting_on(desk.session, desk.caller, request_id)
    secret, _ = await issue(desk.session, desk.vault, row)
    await record_access(
        desk.session, desk.caller, cpts_id=row.cpts_id, action="write", object_kind="request", object_id=str(row.id)
    )
    url = f"{wiring.settings.public_url}/patient#{secret}"
    drawn = io.BytesIO()
    segno.make(url, error="m").save(drawn, kind="svg", scale=4, border=0, xmldecl=False)
    return NewLink(url=url, svg=drawn.getvalue().decode())


async def _open(request: Request, wiring: Wiring, form: LinkForm) -> OpenedLink:
    """The link, for who knows the year; from one address few wrong tries are let through."""
    name = f"patient link {hash_secret(form.secret).hex()}"
    address = await count_attempt(request, wiring, name)
    link = await open_link(wiring.open_session, wiring.vault, form.secret, form.year)
    await wiring.attempts.right(name, address)
    return link


@routes.post("/patient/link")
async def read_link(request: Request, wiring: WiringDep, form: LinkForm) -> PatientView:
    """What a link shows, to who knows the year of birth."""
    return await _look(request, wiring, await _open(request, wiring, form))


async def _look(request: Request, wiring: Wiring, link: OpenedLink) -> PatientView:
    meetings = find_part(request, Meetings)
    async with wiring.open_session() as session:
        await set_scope(session, link.caller.scope)
        desk = Desk(session, link.caller, bookings_of(request), wiring.vault)
        found, row = await acts.view(desk, link)
        if found.stands == "appointment" and row.slot_id is not None:
            async with waiting_elsewhere(session):
                found.meeting = await meetings.of(row.cpts_id, row.slot_id, row.practitioner_id)
    return found


@routes.post("/patient/act")
async def act_by_link(request: Request, wiring: WiringDep, form: LinkAct) -> PatientView:
    """What the patient says: cancel, late, confirm, found somebody, worse, no more messages; then what it shows."""
    link = await _open(request, wiring, form)
    said = PatientAct.model_validate(form.model_dump(exclude={"secret", "year"}))
    async with wiring.open_session() as session:
        await set_scope(session, link.caller.scope)
        await acts.act(Desk(session, link.caller, bookings_of(request), wiring.vault), link, said)
    return await _look(request, wiring, link)


@routes.post("/patient/stop", status_code=204)
async def stop_messages(request: Request, wiring: WiringDep, form: SecretForm) -> None:
    """No more messages: it shows nothing, so it asks no year."""
    await count_attempt(request, wiring, "patient stop")
    async with wiring.open_session() as session:
        await acts.stop_by_secret(session, hash_secret(form.secret))
