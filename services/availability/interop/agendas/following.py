"""Keeping up with practitioners' agendas: what they are busy with closes their slots.

An agenda that cannot be read changes nothing: the last good state holds, and the practitioner is told why.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
import structlog
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.app.calendar.openings import be_busy
from services.availability.interop.agendas.fetching import fetch, https_address
from services.availability.interop.agendas.reading import BusyTime, Reading
from services.availability.interop.agendas.unrolling import unroll
from services.availability.interop.agendas.writing import ShownSlot
from services.availability.store.directory import rows_of_others_refused
from services.availability.store.interop import agendas as store
from services.availability.store.notices import tell_of_agenda
from services.availability.store.slots import one_at_a_time
from services.availability.tables.agendas import AgendaFeedRow, AgendaKeyRow
from shared.auth import Caller, Role, hash_token
from shared.db import AWAY, Scope, database_now, is_lost, ring_after_commit, run, set_scope
from shared.outside.public_address import PublicTransport, require_public
from shared.outside.trust import authorities
from shared.patients.vault import KeyLost, Vault
from shared.refusals import NotFound, Refusal
from shared.running.background import ring_work
from shared.typed.zones import zone_of
from shared.wiring import Wiring

log = structlog.get_logger()
STREAM = "availability:agendas"
HORIZON, ROLL = timedelta(days=35), timedelta(hours=6)
"""How far ahead busy times are worked out, and how often again while the agenda does not change."""
EVERY, LEASE = timedelta(minutes=5), timedelta(minutes=2)
AFTER_ERROR, LONGEST_PAUSE = timedelta(minutes=15), timedelta(hours=6)
TIMEOUT_S, AT_ONCE = 10, 8
UNEXPECTED = "Cet agenda n'a pas pu être suivi : vérifiez-en l'adresse, et prévenez qui administre le service."
READER = Caller(id="machine:agenda", role=Role.MACHINE, cpts=frozenset({"*"}))
EVERYTHING = Scope(frozenset({"*"}))

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
    address = https_address(url)
    await require_public(address, demo=demo)
    sealed = vault.seal({"url": address}, cpts_id="", row_id=str(practitioner_id))
    values: dict[str, Any] = {
        "address_sealed": sealed, "etag": "", "error": "", "next_read_at": await database_now(session),
        "content_hash": None, "kept_sealed": None, "unrolled_at": None, "left_out": 0, "failures": 0,
    }  # fmt: skip
    with rows_of_others_refused():
        await store.follow(session, practitioner_id, values)
    ring_after_commit(session, STREAM)


async def drop_feed(session: AsyncSession, practitioner_id: UUID) -> None:
    """Follow no agenda any more: what it closed is open again."""
    await one_at_a_time(session, practitioner_id)
    await store.forget(session, practitioner_id)
    await be_busy(session, READER, practitioner_id, [])


def host_of(vault: Vault, row: AgendaFeedRow) -> str:
    """The server of a followed agenda: the rest of its address is a secret. Empty when its key is lost."""
    try:
        url = vault.open(row.address_sealed, cpts_id="", row_id=str(row.practitioner_id))["url"]
    except KeyLost:
        return ""
    return httpx.URL(str(url)).host


async def feed_of(session: AsyncSession, practitioner_id: UUID) -> AgendaFeedRow:
    """The agenda that is followed; raises `NotFound`."""
    row = await session.get(AgendaFeedRow, practitioner_id)
    if row is None:
        raise NotFound
    return row


async def new_key(session: AsyncSession, practitioner_id: UUID) -> str:
    """A new secret that opens the practitioner's slots as an agenda; the former one ends."""
    key = secrets.token_urlsafe(32)
    with rows_of_others_refused():
        await store.keep_key(session, practitioner_id, hash_token(key))
    return key


async def slots_for_key(session: AsyncSession, key: str) -> list[ShownSlot]:
    """The slots that a secret opens; raises `NotFound`."""
    await set_scope(session, EVERYTHING)
    found = select(AgendaKeyRow.practitioner_id).where(AgendaKeyRow.key_hash == hash_token(key))
    practitioner_id = (await session.exec(found)).one_or_none()
    if practitioner_id is None:
        raise NotFound
    rows = await run(session, _SHOWN, id=practitioner_id)
    return [ShownSlot(**row) for row in rows.mappings()]


class Agendas:
    """Reads the agendas that are due."""

    def __init__(self, wiring: Wiring, client: httpx.AsyncClient) -> None:
        """`client` follows no redirection: each address is checked."""
        self._wiring, self._client = wiring, client

    async def turn(self) -> bool:
        """Read one agenda that is due, if there is one. No transaction waits for the network or for a process."""
        due = await self.claim()
        if due is not None:
            await self.read(due)
        return due is not None

    async def claim(self) -> store.Due | None:
        """The agenda that waits longest, for some time."""
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            return await store.claim(session, lease=LEASE, roll=ROLL)

    async def read(self, due: store.Due) -> None:
        """Read one agenda; whatever is wrong with it is noted for its owner and stops no other."""
        (ended,) = await asyncio.gather(self._read(due), return_exceptions=True)
        if isinstance(ended, asyncio.CancelledError) or (isinstance(ended, AWAY) and is_lost(ended)):
            raise ended
        if ended is None:
            return
        log.warning("agenda_unreadable", practitioner=str(due.practitioner_id), error=type(ended).__name__)
        await self._note_failure(due, ended.detail if isinstance(ended, Refusal) else UNEXPECTED)
        kept = self._open_kept(due)
        if due.rolls and kept is not None:
            await self._roll(due, kept)

    async def _read(self, due: store.Due) -> None:
        url = str(self._wiring.vault.open(due.address_sealed, cpts_id="", row_id=str(due.practitioner_id))["url"])
        kept = self._open_kept(due)
        etag = due.etag if kept is not None else ""
        fetched = await fetch(self._client, url, etag, demo=self._wiring.settings.demo)
        same = kept is not None and (fetched.content is None or _hash(fetched.content) == due.content_hash)
        if same and due.rolls:
            await self._roll(due, kept or "")
        elif not same:
            reading = await self._unroll(due, fetched.content or b"", owner=unquote(url))
            await self._apply(due, reading)
        content_hash = (due.content_hash or b"") if same else _hash(fetched.content or b"")
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            await store.mark_read(session, due, etag=fetched.etag, content_hash=content_hash, every=EVERY)

    def _open_kept(self, due: store.Due) -> str | None:
        """What is kept of the agenda; nothing when nothing is, or no key of ours opens it: it is read anew."""
        if due.kept_sealed is None:
            return None
        try:
            return str(self._wiring.vault.open(due.kept_sealed, cpts_id="", row_id=str(due.practitioner_id))["times"])
        except KeyLost:
            return None

    async def _roll(self, due: store.Due, kept: str) -> None:
        """Unroll what is kept over the days that have come into view meanwhile."""
        await self._apply(due, await self._unroll(due, kept.encode()))

    async def _unroll(self, due: store.Due, content: bytes, *, owner: str = "") -> Reading:
        return await unroll(content, from_at=due.now, to_at=due.now + HORIZON, zone=zone_of(due.insee), owner=owner)

    async def _apply(self, due: store.Due, reading: Reading) -> None:
        """Make the absences that come from the agenda these ones, unless its owner follows another by now."""
        kept = self._wiring.vault.seal({"times": reading.kept}, cpts_id="", row_id=str(due.practitioner_id))
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            await one_at_a_time(session, due.practitioner_id)
            if await store.mark_unrolled(session, due, kept=kept, left_out=reading.left_out):
                await be_busy(session, READER, due.practitioner_id, [_times(each) for each in reading.periods])

    async def _note_failure(self, due: store.Due, error: str) -> None:
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            if await store.mark_failed(session, due, error, pause=AFTER_ERROR, longest=LONGEST_PAUSE):
                await tell_of_agenda(session, due.practitioner_id)


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _times(period: BusyTime) -> tuple[datetime, datetime]:
    return period.starts_at, period.ends_at


class AtOnce:
    """Reads the agendas that are due, several at once: one that is slow delays no other."""

    def __init__(self, agendas: Agendas) -> None:
        """Nothing is read before `work`."""
        self._agendas = agendas
        self._reading: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    async def work(self) -> bool:
        """Begin to read what is due, as far as there is room; raises what became of a reading before."""
        if self._failures:
            raise self._failures.pop()
        while len(self._reading) < AT_ONCE and (due := await self._agendas.claim()) is not None:
            task = asyncio.create_task(self._each(due))
            self._reading.add(task)
            task.add_done_callback(self._note_end)
        return True

    async def _each(self, due: store.Due | None) -> None:
        while due is not None:
            await self._agendas.read(due)
            due = await self._agendas.claim()

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._reading.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures.append(error)

    async def stop(self) -> None:
        """End what is being read, at once; it is due again later."""
        tasks = list(self._reading)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def following_agendas(wiring: Wiring) -> AsyncIterator[None]:
    """Read the agendas that are due while the context is open."""
    transport = PublicTransport(authorities(), demo=wiring.settings.demo)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, transport=transport) as client:
        readers = AtOnce(Agendas(wiring, client))
        try:
            async with wiring.background.keeping(
                "agendas", ring_work(wiring.bell, STREAM, readers.work, waits="agendas_wait")
            ):
                yield
        finally:
            await readers.stop()
