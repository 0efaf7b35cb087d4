"""Sends what was decided: each delivery is claimed for a while, tried outside any transaction, and its end recorded.

A sender that dies leaves its claims to lapse; the next one sends them again under the same message id.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiosmtplib
import httpx
import structlog
from sqlalchemy import Row
from sqlmodel.ext.asyncio.session import AsyncSession

from services.people.forgetting import forget
from services.people.notices.carrying import Carrier, Gone
from services.people.notices.deciding import MAIL, decide_next
from services.people.notices.keys import EVERYONE
from services.people.notices.kinds import NoticeState
from services.people.notices.mail import MailSettings, Undeliverable
from services.people.notices.store import choices, deliveries
from services.people.notices.store.telling import STREAM
from services.people.sealing import key_of, seal
from shared.db import set_scope
from shared.db.store.work import pause_after
from shared.outside.public_address import PublicTransport, UnsafeAddress
from shared.outside.trust import authorities
from shared.patients.vault import KeyLost
from shared.running.background import ring_work
from shared.wiring import Wiring

log = structlog.get_logger()
LEASE = timedelta(seconds=60)
SOONEST, LATEST, MOST_TRIES = timedelta(seconds=30), timedelta(hours=1), 10
BATCH, TIMEOUT_S, FORGET_TURNS, SEAL_TURNS = 5, 10, 3600, 300
NEVER = (Gone, Undeliverable, UnsafeAddress)
PASSING = (httpx.HTTPError, aiosmtplib.SMTPException, OSError)
"""What may go well another time."""


class Sender:
    """Decides and sends for everybody of this installation; several may run."""

    def __init__(
        self, wiring: Wiring, client: httpx.AsyncClient, mail: MailSettings, *, lease: timedelta = LEASE
    ) -> None:
        """`lease`: after how long an unfinished try is taken up again."""
        self._wiring, self._mail, self._lease = wiring, mail, lease
        self._carrier = Carrier(wiring, client, mail)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncSession]:
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYONE)
            yield session

    async def turn(self) -> int:
        """Decide what is due and send it, once each; answers how many deliveries were tried."""
        deciding = True
        while deciding:
            async with self._session() as session:
                deciding = await decide_next(session, mail_ready=self._mail.ready)
        tried = 0
        while claimed := await self._claim():
            tried += len(claimed)
            for ended in await asyncio.gather(*map(self._deliver, claimed), return_exceptions=True):
                if ended is not None:
                    raise ended
        return tried

    async def seal(self) -> None:
        """Seal what was logged lately: who saw whose data, who set what."""
        async with self._session() as session:
            await seal(session, key_of(self._wiring.settings))

    async def forget(self) -> None:
        """Erase what is older than 30 days; and of everything else that concerns people, what its own line says."""
        async with self._session() as session:
            await deliveries.forget_old(session)
        async with self._session() as session:
            await forget(session)

    async def _claim(self) -> Sequence[Row[Any]]:
        async with self._session() as session:
            return await deliveries.claim(session, lease=self._lease, most=BATCH)

    async def _deliver(self, claimed: Row[Any]) -> None:
        """Try one delivery and record how it ended; nothing is held while the network is waited for."""
        try:
            async with self._session() as session:
                parcel = await self._carrier.parcel(session, claimed)
        except Gone as gone:
            await self._end(claimed, NoticeState.FAILED, str(gone), gone=True)
            return
        except KeyLost:
            # The browser is kept: once the key is back, this and all that follows is read again.
            await self._try_again(claimed, "key lost")
            return
        if parcel is None:
            await self._end(claimed, NoticeState.SUPPRESSED)
            return
        try:
            await self._carrier.carry(parcel)
        except NEVER as never:
            await self._end(claimed, NoticeState.FAILED, str(never), gone=isinstance(never, Gone))
        except PASSING as error:
            await self._try_again(claimed, type(error).__name__)
        else:
            await self._end(claimed, NoticeState.SENT)

    async def _end(self, claimed: Row[Any], state: NoticeState, error: str = "", *, gone: bool = False) -> None:
        async with self._session() as session:
            await deliveries.end(session, claimed, state, error)
            if claimed.channel != MAIL and gone:
                await choices.forget_device(session, UUID(claimed.channel))
            elif claimed.channel != MAIL and state is NoticeState.SENT:
                await choices.note_told(session, UUID(claimed.channel))
        if error:
            log.warning("notice_undelivered", message=str(claimed.message_id), error=error)

    async def _try_again(self, claimed: Row[Any], error: str) -> None:
        if claimed.tries >= MOST_TRIES:
            await self._end(claimed, NoticeState.FAILED, error)
            return
        pause = pause_after(claimed.tries, soonest=SOONEST, longest=LATEST)
        async with self._session() as session:
            await deliveries.put_off(session, claimed, error, pause=pause)
        log.warning("notice_waits", message=str(claimed.message_id), error=error)


@asynccontextmanager
async def sending_notices(wiring: Wiring, mail: MailSettings) -> AsyncIterator[None]:
    """Send while the context is open."""
    transport = PublicTransport(authorities(), demo=wiring.settings.demo)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, transport=transport) as client:
        sender, turns = Sender(wiring, client, mail), 0

        async def work() -> bool:
            nonlocal turns
            await sender.turn()
            if turns % SEAL_TURNS == 0:
                # Notices go on whatever becomes of it; `/health` shows it.
                await wiring.background.step("seal", sender.seal(), of="logs")
            if turns % FORGET_TURNS == 0:
                await sender.forget()
            turns += 1
            return True

        async with wiring.background.keeping("notices", ring_work(wiring.bell, STREAM, work, waits="notices_wait")):
            yield
