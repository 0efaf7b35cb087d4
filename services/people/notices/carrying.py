"""Carries one message to one person on one channel: their mailbox, or a browser of theirs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Row, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.notices.deciding import MAIL, Recipient, person_of, untrue
from services.people.notices.keys import identity
from services.people.notices.kinds import Reason
from services.people.notices.mail import MailSettings, Undeliverable, letter, send
from services.people.notices.push import PushIdentity, Subscription, encrypt
from services.people.notices.tables import NoticeDeviceRow, NoticeRow
from services.people.notices.words import Message, compose
from shared.db import database_now, run
from shared.db.clock import Clock, zones
from shared.outside.public_address import require_public
from shared.patients.vault import Vault
from shared.wiring import Wiring
from shared.wording.labels import wording

REAL = Clock()
"""Push services and mail servers read their own clocks, even in a demonstration."""
LONGEST_S = 86_400
HOME = "/preferences"
_OVERTAKEN = text("""
select n.id from common.notice n where n.message_id = :message and exists (
  select from common.notice l where l.account_id = n.account_id and l.thread = n.thread and l.id > n.id
)
""")


class Gone(Exception):
    """The push service no longer knows this browser, or its owner took it back."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one delivery carries: to whom, the message, and for how long it is worth keeping."""

    id: UUID
    person: Recipient
    message: Message
    browser: tuple[PushIdentity, Subscription] | None
    """Who we are for its push service, and how to reach it; None: by mail."""
    urgent: bool
    ttl_s: int


def seal_subscription(vault: Vault, device_id: UUID, subscription: dict[str, str]) -> bytes:
    """A browser's subscription as it is kept."""
    return vault.seal(subscription, cpts_id="", row_id=str(device_id))


class Carrier:
    """Makes parcels and takes them where they go."""

    def __init__(self, wiring: Wiring, client: httpx.AsyncClient, mail: MailSettings) -> None:
        """`client` follows no redirection: push services answer themselves."""
        self._wiring, self._client, self._mail = wiring, client, mail

    async def parcel(self, session: AsyncSession, claimed: Row[Any]) -> Parcel | None:
        """The message as it is true now; None when nothing of it still is, or the channel is closed.

        Raises `Gone`, and `KeyLost` when we can no longer read what the browser gave us.
        """
        person = await person_of(session, claimed.account_id, mail_ready=self._mail.ready)
        if claimed.channel not in person.channels:
            return None
        now = await database_now(session)
        overtaken = set((await run(session, _OVERTAKEN, message=claimed.message_id)).scalars())
        query = select(NoticeRow).where(NoticeRow.message_id == claimed.message_id).order_by(col(NoticeRow.id))
        rows = [
            row
            for row in (await session.exec(query)).all()
            if untrue(row, overtaken=row.id in overtaken, told=True, now=now) is Reason.NONE
        ]
        if not rows:
            return None
        return Parcel(
            id=claimed.message_id,
            person=person,
            message=compose(wording(person.choice.language), rows, now, home=HOME, zones=await zones(session)),
            browser=None if claimed.channel == MAIL else await self._browser(session, claimed.channel),
            urgent=any(row.urgency == 1 for row in rows),
            ttl_s=self._worth_s(rows, now),
        )

    async def _browser(self, session: AsyncSession, channel: str) -> tuple[PushIdentity, Subscription]:
        device = await session.get(NoticeDeviceRow, UUID(channel))
        if device is None:
            raise Gone("forgotten")
        opened = self._wiring.vault.open(device.subscription_sealed, cpts_id="", row_id=channel)
        return await identity(session, self._wiring.vault, self._wiring.settings), Subscription.of(opened)

    def _worth_s(self, rows: Sequence[NoticeRow], now: datetime) -> int:
        """Real seconds until the last of these is untrue, a day at most."""
        lengths = [self._wiring.clock.real_s(row.until - now) if row.until else LONGEST_S for row in rows]
        return int(min(max(lengths), LONGEST_S))

    async def carry(self, parcel: Parcel) -> None:
        """Raises `Gone` or `Undeliverable` for ever, or what may go well another time."""
        if parcel.browser is None:
            await self._mail_it(parcel)
        else:
            await self._push(parcel, *parcel.browser)

    async def _push(self, parcel: Parcel, us: PushIdentity, to: Subscription) -> None:
        await require_public(to.endpoint, demo=self._wiring.settings.demo)
        shown = {**asdict(parcel.message), "tag": str(parcel.id)}
        topic = parcel.id.hex
        headers = us.headers(to.endpoint, topic=topic, ttl_s=parcel.ttl_s, urgent=parcel.urgent, now=REAL.now())
        body = encrypt(json.dumps(shown).encode(), to)
        answer = await self._client.post(to.endpoint, content=body, headers=headers)
        if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
            raise Gone(f"HTTP {answer.status_code}")
        if answer.is_client_error and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            raise Undeliverable(f"HTTP {answer.status_code}")
        answer.raise_for_status()

    async def _mail_it(self, parcel: Parcel) -> None:
        site, words = self._wiring.settings.public_url, wording(parcel.person.choice.language)
        preferences = f"{site}{HOME}"
        lines = [
            parcel.message.title,
            *parcel.message.lines,
            "",
            words.say("notices.mail_text.details", url=f"{site}{parcel.message.path}"),
            words.say("notices.mail_text.preferences", url=preferences),
        ]
        message = letter(
            sender=self._mail.sender,
            to=parcel.person.email or "",
            subject=parcel.message.title,
            lines=lines,
            message_id=f"<{parcel.id}@{httpx.URL(site).host}>",
            preferences=preferences,
        )
        await send(self._mail, message)
