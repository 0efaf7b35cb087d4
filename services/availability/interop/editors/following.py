"""Keeping up with the free slots that other editors publish, by the protocol with which the SAS reads ours.

An editor that does not answer, or not as it should, changes nothing: what was last read stays, and is said to be old.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import structlog
from sqlalchemy import text

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
from services.availability.store.interop import foreign as store
from shared.db import database_now, run, set_scope
from shared.running.background import ring_work
from shared.wiring import Wiring

log = structlog.get_logger()
STREAM = "availability:foreign"
EVERY, LEASE, FOLLOWED = timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=10)
ANSWER_WITHIN_S = 7.0
"""What the SAS grants us, we grant others."""
LARGEST = 20_000_000
MOST_PAGES = 20

_MEMBERS = text("""
select p.id, p.rpps from availability.membership m join availability.practitioner p on p.id = m.practitioner_id
where m.cpts_id = :cpts order by p.rpps
""")


class Editors:
    """Reads the editors that are due, each for one CPTS."""

    def __init__(self, wiring: Wiring, editors: Sequence[Editor], *, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        """`editors` as the settings name them."""
        self._wiring, self._answer_within_s = wiring, answer_within_s
        self._editors = {store.Source(cpts, editor.name): editor for editor in editors for cpts in editor.cpts}
        self._pairs = sorted(self._editors)

    async def settle(self) -> None:
        """Say that these editors are followed, for a while. What nobody says so of is shown no more.

        Others may follow other editors beside us: theirs are left to them.
        """
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            await store.follow(session, self._pairs, kept=FOLLOWED)

    async def turn(self) -> bool:
        """Read one editor that is due, if there is one. No transaction waits for the network."""
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            due = await store.claim(session, self._pairs, lease=LEASE)
            if due is None:
                return False
            now = await database_now(session)
            members: dict[str, UUID] = {row.rpps: row.id for row in await run(session, _MEMBERS, cpts=due.cpts_id)}
        window = SearchWindow.after(now)
        try:
            async with asyncio.timeout(LEASE.total_seconds()):
                found = await self._ask(self._editors[due], window, sorted(members))
        except FhirRefusal as refused:
            await self._note_failure(due, refused.detail)
        except TimeoutError:
            await self._note_failure(due, f"N'a pas répondu en {self._answer_within_s:g} s.")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            await self._note_failure(due, f"Ne répond pas ({type(error).__name__}).")
        except OSError as error:
            await self._note_failure(due, f"Certificat illisible ici ({type(error).__name__}).")
        else:
            kept = concerning(found, finess=due.cpts_id, rpps=members, window=window)
            async with self._wiring.open_session() as session:
                await set_scope(session, EVERYTHING)
                rows = [_row(key, slot, members[slot.schedule.practitioner.rpps]) for key, slot in kept.items()]
                await store.replace(session, due, rows)
                await store.mark_read(session, due, at=now, every=EVERY)
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

    async def _note_failure(self, due: store.Source, error: str) -> None:
        log.warning("editor_unreadable", editor=due.editor, error=error)
        async with self._wiring.open_session() as session:
            await set_scope(session, EVERYTHING)
            await store.mark_failed(session, due, error, every=EVERY)


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


def _row(their_id: str, slot: SlotValue, practitioner_id: UUID) -> dict[str, Any]:
    """A slot of an editor as our base keeps it."""
    return {
        "their_id": their_id,
        "practitioner_id": practitioner_id,
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
    async with wiring.background.keeping("editors", ring_work(wiring.bell, STREAM, work, waits="editors_wait")):
        yield
