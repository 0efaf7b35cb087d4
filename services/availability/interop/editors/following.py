"""Keeping up with the free slots that other editors publish, by the protocol with which the SAS reads ours.

An editor that does not answer, or not as it should, changes nothing: what was last read stays, and is said to be old.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.interop.editors.foreign import parse_searchset
from services.availability.interop.editors.search import (
    EditorAnswer,
    SearchWindow,
    address_of,
    batches,
    concerning,
    halves,
    next_page,
)
from services.availability.interop.fhir.outcome import FhirRefusal, Malformed
from services.availability.interop.fhir.values import SlotValue
from services.availability.interop.sas.api import EVERYTHING
from services.availability.interop.sas.settings import Editor
from services.availability.interop.sas.tls import client_context
from services.availability.tables.foreign import ForeignSlotRow
from shared.db import database_now, run, set_scope
from shared.running.background import rung
from shared.wiring import Wiring

log = structlog.get_logger()
STREAM = "availability:foreign"
EVERY, LEASE, FOLLOWED = timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=10)
ANSWER_WITHIN_S = 7.0
"""What the SAS grants us, we grant others."""
LARGEST = 20_000_000
MOST_PAGES = 20
MOST_ROWS = 500
"""A statement takes 32,767 values at most."""

_FOLLOWED = text("""
insert into availability.foreign_source as s (cpts_id, editor, next_read_at, error, followed_until)
select c.finess, l.editor, common.now(), '', common.now() + :followed
from unnest(cast(:cpts as text[]), cast(:editors as text[])) as l (finess, editor)
join availability.cpts c on c.finess = l.finess
order by c.finess, l.editor
on conflict (cpts_id, editor) do update set followed_until = excluded.followed_until
where s.followed_until < common.now() + :renewed
""")
_DUE = text("""
update availability.foreign_source set next_read_at = common.now() + :lease
where (cpts_id, editor) = (
  select s.cpts_id, s.editor from availability.foreign_source s
  join unnest(cast(:cpts as text[]), cast(:editors as text[])) as l (finess, editor)
    on l.finess = s.cpts_id and l.editor = s.editor
  where s.next_read_at <= common.now()
  order by s.next_read_at limit 1 for update of s skip locked
)
returning cpts_id, editor
""")
_MEMBERS = text("""
select p.id, p.rpps from availability.membership m join availability.practitioner p on p.id = m.practitioner_id
where m.cpts_id = :cpts order by p.rpps
""")
_READ = text("""
update availability.foreign_source set read_at = :at, next_read_at = common.now() + :every, error = ''
where cpts_id = :cpts and editor = :editor
""")
_FAILED = text("""
update availability.foreign_source set error = :error, next_read_at = common.now() + :every
where cpts_id = :cpts and editor = :editor
""")


class Editors:
    """Reads the editors that are due, each for one CPTS."""

    def __init__(self, wiring: Wiring, editors: Sequence[Editor], *, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        """`editors` as the settings name them."""
        self._wiring, self._answer_within_s = wiring, answer_within_s
        self._editors = {(cpts, editor.name): editor for editor in editors for cpts in editor.cpts}
        pairs = sorted(self._editors)
        self._named = {"cpts": [cpts for cpts, _ in pairs], "editors": [name for _, name in pairs]}

    async def settle(self) -> None:
        """Say that these editors are followed, for a while. What nobody says so of is shown no more.

        Others may follow other editors beside us: theirs are left to them.
        """
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            await run(session, _FOLLOWED, **self._named, followed=FOLLOWED, renewed=FOLLOWED / 2)

    async def turn(self) -> bool:
        """Read one editor that is due, if there is one. No transaction waits for the network."""
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            due = (await run(session, _DUE, lease=LEASE, **self._named)).one_or_none()
            if due is None:
                return False
            now = await database_now(session)
            members: dict[str, UUID] = {row.rpps: row.id for row in await run(session, _MEMBERS, cpts=due.cpts_id)}
        window, key = SearchWindow.after(now), {"cpts": due.cpts_id, "editor": due.editor}
        try:
            async with asyncio.timeout(LEASE.total_seconds()):
                found = await self._ask(self._editors[due.cpts_id, due.editor], window, sorted(members))
        except FhirRefusal as refused:
            await self._failed(key, refused.detail)
        except TimeoutError:
            await self._failed(key, f"N'a pas répondu en {self._answer_within_s:g} s.")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            await self._failed(key, f"Ne répond pas ({type(error).__name__}).")
        except OSError as error:
            await self._failed(key, f"Certificat illisible ici ({type(error).__name__}).")
        else:
            kept = concerning(found, finess=due.cpts_id, rpps=members, window=window)
            async with self._wiring.open_session() as session:
                await set_scope(session, EVERYTHING)
                await _replace(session, key, kept, members)
                await run(session, _READ, **key, at=now, every=EVERY)
        return True

    async def _ask(self, editor: Editor, window: SearchWindow, rpps: Sequence[str]) -> list[SlotValue]:
        """All that an editor publishes of these practitioners; raises FhirRefusal, httpx.HTTPError, OSError."""
        context = client_context(editor.certificate, editor.key, editor.issuers)
        waiting, found = batches(rpps), list[SlotValue]()
        async with httpx.AsyncClient(verify=context, timeout=self._answer_within_s) as client:
            while waiting:
                batch = waiting.pop(0)
                answer = await self._pages(client, address_of(editor.base, editor.mode, window, batch))
                if smaller := halves(batch, answer):
                    waiting[:0] = smaller
                else:
                    found += answer.whole()
        return found

    async def _pages(self, client: httpx.AsyncClient, search: str) -> EditorAnswer:
        """Every page of one answer."""
        answer = EditorAnswer()
        for _ in range(MOST_PAGES):
            async with asyncio.timeout(self._answer_within_s):
                bundle = await _page(client, search)
            answer.add(bundle)
            further = next_page(bundle, search)
            if further is None:
                return answer
            search = further
        raise Malformed("La réponse n'en finit pas.", field="link.next", rule=f"at most {MOST_PAGES}")

    async def _failed(self, key: Mapping[str, str], error: str) -> None:
        log.warning("editor_unreadable", editor=key["editor"], error=error)
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            await run(session, _FAILED, **key, error=error, every=EVERY)


async def _page(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    """One page of an answer; a redirection is not followed, it would show our certificate elsewhere."""
    async with client.stream("GET", address, headers={"accept": "application/json+fhir"}) as answer:
        if answer.status_code != httpx.codes.OK:
            raise Malformed(f"A répondu {answer.status_code}.", field="status", rule="200")
        content = b""
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > LARGEST:
                raise Malformed("La réponse est trop grosse.", rule=f"at most {LARGEST} bytes")
    return parse_searchset(content)


async def _replace(
    session: AsyncSession, key: Mapping[str, str], kept: Mapping[str, SlotValue], members: Mapping[str, UUID]
) -> None:
    """What was read takes the place of what was known: a slot that is gone is gone here too."""
    mine = {"cpts_id": key["cpts"], "editor": key["editor"]}
    conditions = (col(ForeignSlotRow.cpts_id) == key["cpts"], col(ForeignSlotRow.editor) == key["editor"])
    await run(session, delete(ForeignSlotRow).where(*conditions))
    rows = [
        {
            **mine,
            "their_id": their_id,
            "practitioner_id": members[slot.schedule.practitioner.rpps],
            "starts_at": slot.starts_at,
            "ends_at": slot.ends_at,
            "types": list(slot.types),
            "modes": list(slot.modes),
            "appointment": slot.appointment,
            "agenda_url": slot.agenda_url,
            "line": slot.schedule.place.line,
            "postal_code": slot.schedule.place.postal_code,
            "city": slot.schedule.place.city,
            "phone": slot.schedule.place.phone,
        }
        for their_id, slot in kept.items()
    ]
    for first in range(0, len(rows), MOST_ROWS):
        await run(session, insert(ForeignSlotRow).values(rows[first : first + MOST_ROWS]))


@asynccontextmanager
async def following_editors(wiring: Wiring, editors: Sequence[Editor]) -> AsyncIterator[None]:
    """Read the editors that are due while the context is open, if there are any."""
    reading = Editors(wiring, editors)

    async def work() -> bool:
        await reading.settle()
        while await reading.turn():
            await reading.settle()
        return True

    if not editors:
        yield
        return
    async with wiring.background.keeping("editors", rung(wiring.bell, STREAM, work, waits="editors_wait")):
        yield
