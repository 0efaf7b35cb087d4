"""Tells patients of their request by SMS or e-mail: a link, never a name or a motive; three messages at most.

What somebody asked for goes at once; what time or a round causes waits for the end of quiet hours, by the clocks of the
place. A message is claimed for a while, tried outside any transaction, and settled; its id is its key at the gateway.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
from typing import Any

import aiosmtplib
import httpx
import structlog
from sqlalchemy import Row

from services.matching.patients import store
from services.matching.patients.gateway import SmsAway, SmsRefused, SmsSettings, SmsUnknown, send_sms
from services.matching.patients.opening import EVERYWHERE, issue
from services.matching.patients.store import PatientContactRow, PatientMessageRow
from services.matching.sameday.reads import request_row
from services.matching.sameday.store.tables import RequestRow
from services.people.notices.mail import MailSettings, Undeliverable, letter, send
from services.people.notices.quiet import QuietHours
from shared.contracts import ON_THE_BOARD, RequestState
from shared.db import database_now, set_scope
from shared.db.ids import new_id
from shared.outside.public_address import PublicTransport, UnsafeAddress
from shared.outside.trust import authorities
from shared.patients.vault import KeyLost
from shared.refusals import Refusal
from shared.running.background import ring_work
from shared.typed.zones import zone_of
from shared.wiring import Wiring
from shared.wording.labels import wording

log = structlog.get_logger()
QUIET = (time(20), time(8))
AT_ONCE, BEFORE, EVENING = timedelta(minutes=10), timedelta(hours=2), time(18)
LEASE, SOONEST, LATEST, MOST_TRIES = timedelta(seconds=60), timedelta(seconds=30), timedelta(hours=1), 8
BATCH, TIMEOUT_S, FORGET_TURNS = 5, 10.0, 600


def due(contact: PatientContactRow, row: RequestRow, now: datetime) -> tuple[str, str] | None:
    """The message that is due now and what it tells of: kind and mark; None: nothing, or not yet."""
    zone = zone_of(row.insee)
    asked_now = now - contact.made_at < AT_ONCE and contact.told == ""
    quiet = QuietHours(*QUIET, zone).until(now) is not None
    if row.state in ON_THE_BOARD and contact.told == "":
        return ("followup", "waiting") if asked_now or not quiet else None
    if row.state != RequestState.CONFIRMED or row.starts_at is None or row.starts_at <= now:
        return None
    mark = str(row.booking_id)
    if not contact.told.startswith(mark):
        return ("appointment", mark) if asked_now or not quiet or row.urgency == 1 else None
    if contact.told != mark or quiet:
        return None
    return ("reminder", f"{mark} reminder") if _remind_at(contact, row.starts_at, zone) <= now else None


def _remind_at(contact: PatientContactRow, starts_at: datetime, zone: Any) -> datetime:
    """The evening before, for who was told on an earlier day; else two hours before, if that is any use."""
    day = starts_at.astimezone(zone).date()
    if contact.made_at.astimezone(zone).date() < day:
        return datetime.combine(day - timedelta(days=1), EVENING, zone)
    useful = starts_at - contact.made_at > 2 * BEFORE
    return starts_at - BEFORE if useful else starts_at


class PatientSender:
    """Decides and sends for every CPTS of this installation; several may run."""

    def __init__(
        self,
        wiring: Wiring,
        client: httpx.AsyncClient,
        sms: SmsSettings,
        mail: MailSettings,
        *,
        lease: timedelta = LEASE,
    ) -> None:
        """`lease`: after how long an unfinished try is taken up again."""
        self._wiring, self._client, self._sms, self._mail, self._lease = wiring, client, sms, mail, lease
        self._channels = [name for name, way in (("sms", sms), ("email", mail)) if way.ready]

    async def turn(self) -> int:
        """Write the messages that are due, and send those that may go; answers how many were tried."""
        if not self._channels:
            return 0
        await self._decide()
        tried = 0
        while claimed := await self._claim():
            tried += len(claimed)
            await asyncio.gather(*map(self._deliver, claimed))
        return tried

    async def _decide(self) -> None:
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYWHERE)
            now = await database_now(session)
            for contact, row in await store.contacts(session, now):
                found = due(contact, row, now)
                if found is None:
                    continue
                try:
                    to = self._wiring.vault.open(contact.to_sealed, cpts_id=row.cpts_id, row_id=str(row.id))["to"]
                    secret, _ = await issue(session, self._wiring.vault, row)
                except KeyLost:
                    log.warning("patient_contact_lost", request=str(row.id))
                    continue
                except Refusal:
                    continue
                message_id = new_id(now)
                sealed = self._wiring.vault.seal(
                    {"to": to, "secret": secret}, cpts_id=row.cpts_id, row_id=str(message_id)
                )
                message = PatientMessageRow(
                    **contact.model_dump(include={"cpts_id", "request_id", "channel", "language"}),
                    id=message_id,
                    kind=found[0],
                    sealed=sealed,
                    state="waiting",
                    due_at=now,
                    made_at=now,
                )
                await store.add_message(session, contact, message, found[1])

    async def _claim(self) -> Any:
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYWHERE)
            return await store.claim(session, self._channels, lease=self._lease, most=BATCH)

    async def _deliver(self, claimed: Row[Any]) -> None:
        if claimed.was == "sending" and claimed.channel == "sms" and not self._sms.idempotent:
            return await self._settle(claimed, "unknown", "interrupted")
        if not await self._still_true(claimed):
            return await self._settle(claimed, "overtaken")
        try:
            sealed = self._wiring.vault.open(claimed.sealed, cpts_id=claimed.cpts_id, row_id=str(claimed.id))
            await self._carry(claimed, sealed["to"], sealed["secret"])
        except (SmsRefused, Undeliverable, UnsafeAddress) as never:
            await self._settle(claimed, "failed", str(never))
        except KeyLost as lost_key:
            await self._settle(claimed, "failed", lost_key.code)
        except SmsUnknown as lost:
            await (
                self._again(claimed, str(lost)) if self._sms.idempotent else self._settle(claimed, "unknown", str(lost))
            )
        except (SmsAway, aiosmtplib.SMTPException, OSError) as error:
            await self._again(claimed, type(error).__name__)
        else:
            await self._settle(claimed, "sent")
        return None

    async def _still_true(self, claimed: Row[Any]) -> bool:
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYWHERE)
            row = await request_row(session, claimed.request_id)
            contact = await session.get(PatientContactRow, claimed.request_id)
            now = await database_now(session)
        on = row.state == RequestState.CONFIRMED and row.starts_at is not None and row.starts_at > now
        stands = row.state in ON_THE_BOARD if claimed.kind == "followup" else on
        return bool(stands and contact is not None and contact.stopped_at is None)

    async def _carry(self, claimed: Row[Any], to: str, secret: str) -> None:
        words, site = wording(claimed.language), self._wiring.settings.public_url
        url = f"{site}/patient#{secret}"
        text = words.say(f"patient.text.{claimed.kind}", url=url)
        if claimed.channel == "sms":
            await send_sms(self._client, self._sms, to=to, text=text, key=str(claimed.id))
            return
        message = letter(
            sender=self._mail.sender,
            to=to,
            subject=words.say(f"patient.subject.{claimed.kind}"),
            lines=[text],
            message_id=f"<{claimed.id}@{httpx.URL(site).host}>",
            preferences=url,
        )
        await send(self._mail, message)

    async def _again(self, claimed: Row[Any], error: str) -> None:
        if claimed.tries >= MOST_TRIES:
            await self._settle(claimed, "failed", error)
            return
        pause = min(LATEST, SOONEST * 2 ** (claimed.tries - 1))
        await self._settle(claimed, "waiting", error, pause_s=pause.total_seconds())

    async def _settle(self, claimed: Row[Any], state: str, error: str = "", *, pause_s: float = 0) -> None:
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYWHERE)
            await store.settle(session, claimed, state, error, pause_s)
        if error:
            log.warning("patient_message", message=str(claimed.id), state=state, error=error)

    async def forget(self) -> None:
        """Erase what has had its time."""
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYWHERE)
            await store.forget(session)


@asynccontextmanager
async def telling_patients(wiring: Wiring, sms: SmsSettings, mail: MailSettings) -> AsyncIterator[None]:
    """Tell patients while the context is open."""
    transport = PublicTransport(authorities(), demo=wiring.settings.demo)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, transport=transport) as client:
        sender, turns = PatientSender(wiring, client, sms, mail), 0

        async def work() -> bool:
            nonlocal turns
            await sender.turn()
            if turns % FORGET_TURNS == 0:
                await sender.forget()
            turns += 1
            return True

        look = ring_work(wiring.bell, store.STREAM, work, waits="patients_wait", every_s=20)
        async with wiring.background.keeping("patients", look):
            yield
