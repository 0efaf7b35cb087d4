"""A running availability service, somebody with a mailbox and a browser, and the servers these are at."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text

from services.people.notices.mail import MailSettings
from services.people.notices.sender import Sender
from shared.auth import Role, caller_of_session
from shared.db import run
from shared.http import COOKIE
from shared.http.parts import read_parts
from shared.settings import Settings
from shared.wiring import Wiring
from tests.builders import Service, Territory, a_hold, a_person, a_slot, a_territory, availability, owner
from tests.processes import free_port
from tests.push_service import PushService, push_service

MAILBOX, SENDER = "dr.essai@example.org", "Aiguillage <avis@example.org>"


@dataclass(slots=True)
class Mailroom:
    """A real SMTP server; `reply` is what it answers to each message."""

    settings: MailSettings
    letters: list[Message] = field(default_factory=list)
    reply: str = "250 taken"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """What aiosmtpd calls for each message."""
        if self.reply.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.letters.append(message_from_bytes(envelope.content, policy=default))
        return self.reply

    def texts(self) -> list[str]:
        """Each message, as it is read."""
        return [letter.get_payload(decode=True).decode() for letter in self.letters]  # type: ignore[union-attr]


@contextmanager
def mailroom_at(settings: MailSettings, **server: Any) -> Iterator[Mailroom]:
    """An SMTP server that runs where these settings say."""
    room = Mailroom(settings)
    controller = Controller(room, hostname=settings.host, port=settings.port, **server)
    controller.start()
    try:
        yield room
    finally:
        controller.stop()


@pytest.fixture
def mailroom() -> Iterator[Mailroom]:
    """An SMTP server on this machine, in clear."""
    with mailroom_at(MailSettings(host="127.0.0.1", port=free_port(), security="none", sender=SENDER)) as room:
        yield room


@pytest.fixture
async def pushes() -> AsyncIterator[PushService]:
    """A push service that runs."""
    async with push_service() as running:
        yield running


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    """The availability service, on a Tuesday at 9:00 in Paris; tests say when it sends."""
    async with availability(settings, sweeps=False) as running:
        yield running


@dataclass(slots=True)
class Doctor:
    """A practitioner of the territory, signed in, with an e-mail address."""

    account: UUID
    client: httpx.AsyncClient


@dataclass(slots=True)
class Desk:
    """The service, its territory, a practitioner, and what happens to them."""

    service: Service
    territory: Territory
    doctor: Doctor
    mailroom: Mailroom

    async def sender(self, **options: Any) -> Sender:
        """Sends from this service's database, through the mailroom."""
        client = await self.service.clients.enter_async_context(httpx.AsyncClient(timeout=5))
        return Sender(read_parts(self.service.app)[Wiring], client, self.mailroom.settings, **options)

    async def booked(self, request: str, *, urgency: int | None = None, **slot: Any) -> dict[str, Any]:
        """A place that our own machine holds and confirms for a request."""
        machine = await self.service.machine()
        published = await a_slot(self.doctor.client, self.territory, **slot)
        held = await a_hold(machine, published, request, urgency=urgency)
        answer = await machine.post(
            f"/bookings/{held['id']}/confirmation", json={"patient": {"name": "SECRET Fictif", "note": "fièvre"}}
        )
        assert answer.status_code == 200, answer.text
        return held

    async def cancelled(self, booking: dict[str, Any]) -> None:
        """The place is cancelled by our machine."""
        machine = await self.service.machine()
        answer = await machine.post(f"/bookings/{booking['id']}/cancellation", json={"reason": "autre"})
        assert answer.status_code == 200, answer.text

    async def chooses(self, **choices: Any) -> None:
        """The practitioner's preferences."""
        answer = await self.doctor.client.put("/notifications/preferences", json=choices)
        assert answer.status_code == 200, answer.text

    async def last(self) -> list[tuple[str, str]]:
        """What became of the practitioner's notices, newest first: state and reason."""
        told = (await self.doctor.client.get("/notifications")).json()["last"]
        return [(each["state"], each["reason"]) for each in told]

    async def rows(self, statement: str) -> list[Any]:
        """What the owner of the database reads."""
        async with owner(self.service.settings) as session:
            return list((await run(session, text(statement))).all())


@pytest.fixture
async def desk(service: Service, mailroom: Mailroom) -> Desk:
    """A practitioner who is told by e-mail."""
    territory = await a_territory(service.settings)
    token = await a_person(service.settings, Role.PRACTITIONER, practitioners=(territory.practitioners[0],))
    async with owner(service.settings) as session:
        account = UUID((await caller_of_session(session, token)).id)
        await run(session, text("update common.account set email = :mail where id = :id"), mail=MAILBOX, id=account)
    client = service.anyone()
    client.cookies.set(COOKIE, token)
    client.headers["origin"] = service.settings.public_url
    await service.clients.enter_async_context(client)
    return Desk(service, territory, Doctor(account, client), mailroom)
