"""Keeping up with practitioners' agendas: what they are busy with closes their slots.

An agenda that cannot be read changes nothing: the last good state holds, and the practitioner is told why.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.app.calendar import declare_absence, end_absence
from services.availability.interop.agendas.reading import LARGEST, Busy, FeedUnreadable, busy_periods
from services.availability.interop.agendas.writing import Shown
from services.availability.orders import NewAbsence
from services.availability.store.directory import rows_of_others_refused
from services.availability.store.notices import tell_of_agenda
from services.availability.store.slots import one_at_a_time
from services.availability.tables import AbsenceRow
from services.availability.tables.agendas import AgendaBusyRow, AgendaFeedRow, AgendaKeyRow
from shared.auth import Caller, Role, hashed
from shared.db import Scope, database_now, run, set_scope
from shared.outside.public_address import PublicTransport, UnsafeAddress, require_public
from shared.outside.trust import authorities
from shared.patients.vault import KeyLost, Vault
from shared.refusals import NotFound
from shared.running.background import rung
from shared.wiring import Wiring

log = structlog.get_logger()
STREAM = "availability:agendas"
HORIZON = timedelta(days=14)
EVERY, AFTER_ERROR, LEASE = timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=2)
TIMEOUT_S = 10
READER = Caller(id="machine:agenda", role=Role.MACHINE, cpts=frozenset({"*"}))
EVERYTHING = Scope(frozenset({"*"}))

_DUE = text("""
update availability.agenda_feed set next_read_at = common.now() + :lease
where practitioner_id = (
  select practitioner_id from availability.agenda_feed where next_read_at <= common.now()
  order by next_read_at limit 1 for update skip locked
)
returning practitioner_id, address_sealed, etag
""")
_READ = text("""
update availability.agenda_feed
set etag = :etag, read_at = common.now(), next_read_at = common.now() + :every, error = ''
where practitioner_id = :id
""")
_FAILED = text("""
with before as (select error from availability.agenda_feed where practitioner_id = :id for update)
update availability.agenda_feed set error = :error, next_read_at = common.now() + :pause
where practitioner_id = :id
returning (select error from before) = '' as broke
""")
_SHOWN = text("""
select s.id::text as id, s.starts_at, s.ends_at, l.name as place, s.taken + s.overbooked as taken, s.capacity,
       s.fresh_at as changed_at, s.version
from availability.slot s join availability.place l on l.id = s.place_id
where s.practitioner_id = :id and s.ends_at > common.now() - interval '1 day'
  and (s.status = 'published' or s.taken > 0)
order by s.starts_at
""")


async def set_feed(session: AsyncSession, vault: Vault, practitioner_id: UUID, url: str, *, demo: bool) -> None:
    """Follow this agenda from now on; raises `UnsafeAddress`."""
    await require_public(url, demo=demo)
    sealed = vault.seal({"url": url}, cpts_id="", row_id=str(practitioner_id))
    values = {"address_sealed": sealed, "etag": "", "error": "", "next_read_at": await database_now(session)}
    row = insert(AgendaFeedRow).values(practitioner_id=practitioner_id, **values)
    with rows_of_others_refused():
        await run(session, row.on_conflict_do_update(index_elements=["practitioner_id"], set_=values))


async def drop_feed(session: AsyncSession, practitioner_id: UUID) -> None:
    """Follow no agenda any more: what it closed is open again."""
    await run(session, delete(AgendaFeedRow).where(col(AgendaFeedRow.practitioner_id) == practitioner_id))
    await _apply(session, practitioner_id, [])


async def feed_of(session: AsyncSession, practitioner_id: UUID) -> AgendaFeedRow:
    """The agenda that is followed; raises `NotFound`."""
    row = await session.get(AgendaFeedRow, practitioner_id)
    if row is None:
        raise NotFound
    return row


async def new_key(session: AsyncSession, practitioner_id: UUID) -> str:
    """A new secret that opens the practitioner's slots as an agenda; the former one ends."""
    key = secrets.token_urlsafe(32)
    row = insert(AgendaKeyRow).values(practitioner_id=practitioner_id, key_hash=hashed(key))
    with rows_of_others_refused():
        await run(
            session, row.on_conflict_do_update(index_elements=["practitioner_id"], set_={"key_hash": hashed(key)})
        )
    return key


async def slots_for_key(session: AsyncSession, key: str) -> list[Shown]:
    """The slots that a secret opens; raises `NotFound`."""
    await set_scope(session, EVERYTHING)
    found = select(AgendaKeyRow.practitioner_id).where(AgendaKeyRow.key_hash == hashed(key))
    practitioner_id = (await session.exec(found)).one_or_none()
    if practitioner_id is None:
        raise NotFound
    rows = await run(session, _SHOWN, id=practitioner_id)
    return [Shown(**row) for row in rows.mappings()]


class Agendas:
    """Reads the agendas that are due."""

    def __init__(self, wiring: Wiring, client: httpx.AsyncClient) -> None:
        """`client` follows no redirection: each address was checked."""
        self._wiring, self._client = wiring, client

    async def turn(self) -> bool:
        """Read one agenda that is due, if there is one. No transaction waits for the network."""
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            due = (await run(session, _DUE, lease=LEASE)).one_or_none()
        if due is None:
            return False
        try:
            address = self._wiring.vault.open(due.address_sealed, cpts_id="", row_id=str(due.practitioner_id))
            etag, content = await self._fetch(address["url"], due.etag)
            async with self._wiring.open_session() as session:
                await set_scope(session, EVERYTHING)
                if content is not None:
                    now = await database_now(session)
                    await _apply(session, due.practitioner_id, await _periods(content, now))
                await run(session, _READ, id=due.practitioner_id, etag=etag, every=EVERY)
        except (FeedUnreadable, UnsafeAddress, KeyLost) as refused:
            await self._failed(due.practitioner_id, refused.detail)
        except httpx.HTTPError as error:
            await self._failed(due.practitioner_id, f"L'agenda ne répond pas ({type(error).__name__}).")
        return True

    async def _fetch(self, url: str, etag: str) -> tuple[str, bytes | None]:
        """The agenda and its tag; no content when it has not changed. Raises `FeedUnreadable`, `httpx.HTTPError`."""
        await require_public(url, demo=self._wiring.settings.demo)
        headers = {"accept": "text/calendar", **({"if-none-match": etag} if etag else {})}
        async with self._client.stream("GET", url, headers=headers) as answer:
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return etag, None
            if answer.status_code != httpx.codes.OK:
                raise FeedUnreadable(f"L'agenda a répondu {answer.status_code}.")
            content = b""
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > LARGEST:
                    raise FeedUnreadable("Cet agenda est trop gros.")
            return answer.headers.get("etag", ""), content

    async def _failed(self, practitioner_id: UUID, error: str) -> None:
        log.warning("agenda_unreadable", practitioner=str(practitioner_id))
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            failed = await run(session, _FAILED, id=practitioner_id, error=error, pause=AFTER_ERROR)
            if failed.scalar_one_or_none():
                await tell_of_agenda(session, practitioner_id)


async def _periods(content: bytes, now: datetime) -> list[Busy]:
    # Recurrences are unrolled outside the loop: some agendas hold twenty years.
    return await asyncio.to_thread(busy_periods, content, from_at=now, to_at=now + HORIZON)


async def _apply(session: AsyncSession, practitioner_id: UUID, periods: list[Busy]) -> None:
    """Make the absences that come from the agenda these ones, and leave the others alone."""
    await one_at_a_time(session, practitioner_id)
    rows = await session.exec(
        select(AbsenceRow)
        .join(AgendaBusyRow, col(AgendaBusyRow.absence_id) == col(AbsenceRow.id))
        .where(AgendaBusyRow.practitioner_id == practitioner_id)
    )
    known = {Busy(row.starts_at, row.ends_at): row.id for row in rows.all()}
    for period in known.keys() - set(periods):
        await end_absence(session, READER, known[period])
    for period in sorted(set(periods) - known.keys()):
        order = NewAbsence(
            practitioner_id=practitioner_id, starts_at=period.starts_at, ends_at=period.ends_at, booked="keep"
        )
        absence = await declare_absence(session, READER, order)
        session.add(AgendaBusyRow(absence_id=absence.id, practitioner_id=practitioner_id))
        await session.flush()


@asynccontextmanager
async def following_agendas(wiring: Wiring) -> AsyncIterator[None]:
    """Read the agendas that are due while the context is open."""
    transport = PublicTransport(authorities(), demo=wiring.settings.demo)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, transport=transport) as client:
        agendas = Agendas(wiring, client)

        async def work() -> bool:
            while await agendas.turn():
                pass
            return True

        async with wiring.background.keeping("agendas", rung(wiring.bell, STREAM, work, waits="agendas_wait")):
            yield
