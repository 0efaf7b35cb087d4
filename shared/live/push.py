"""The push side of the live protocol: a snapshot with its position, then batches that continue it.

One reader a stream wakes on a ring, reads the log once and hands the batch to every seat; in case a ring is lost, one
look at all the streams' positions finds those that moved, every second while rings cannot be heard, else seldom. A seat
sends at once and keeps a bounded backlog while its socket is slow; past it the socket closes with 1013 and the client
resumes later from where it was: a stalled client harms nobody.

A message is `{"epoch", "after", "seq", "events"}`: it continues a client standing at `after` and leaves it at `seq`.
Events that the viewer may not see are left out, the range stays gapless. An empty batch is a heartbeat.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import WebSocket, WebSocketDisconnect

from shared.auth import Caller, redeem_ticket, still_signed_in
from shared.db import AWAY, OpenSession, Scope, set_scope
from shared.db.direct import Direct
from shared.db.doorbell import Doorbell
from shared.live.seat import TRY_LATER, Seat
from shared.live.store import BATCH, Entry, Outbox, Position
from shared.refusals import NotSignedIn
from shared.running.background import Background, Start

log = structlog.get_logger()
RECENT = 1024
LOOK_DEAF_S, LOOKS_SPARED = 1.0, 4
"""Between two looks at the positions while rings cannot be heard, and how many are spared while they can."""
HEARTBEAT_S, RETRY_S, TICKET_WAIT_S = 10.0, 1.0, 5.0
NOT_SIGNED_IN, RESET = 4401, 4409

View = Callable[[Caller, str, dict[str, Any]], dict[str, Any] | None]
"""What a caller sees of a value of a collection; None: nothing at all."""


class Tail:
    """The end of one stream, read once for everybody."""

    def __init__(self, hub: "Hub", cpts_id: str) -> None:
        """Not started: `read` begins with the first client and goes on."""
        self._hub, self.cpts_id = hub, cpts_id
        self.seats: set[Seat] = set()
        self.position: Position | None = None
        self.started = asyncio.Event()
        self.recent: deque[Entry] = deque(maxlen=RECENT)

    async def read(self) -> None:
        """Follow the log and hand out what comes, for ever."""
        async with self._hub.bell.watch(self._hub.outbox.stream(self.cpts_id)) as watch:
            while True:
                await watch.wait(None if await self._read_once() else RETRY_S)

    async def _read_once(self) -> bool:
        """Read what is new; false while the database is away."""
        outbox = self._hub.outbox
        try:
            while True:
                at = self.position
                async with self._hub.direct.open_session() as session:
                    ends, entries = await outbox.news(session, self.cpts_id, at.seq if at else 0)
                if at is None or ends is None or ends.epoch != at.epoch or ends.seq < at.seq:
                    async with self._hub.reading(self.cpts_id) as whole:
                        self._start_at(await outbox.position(whole, self.cpts_id))
                    return True
                if entries:
                    self._deliver(entries)
                if not entries or self.position == ends:
                    return True
        except AWAY as error:
            log.warning("tail_waits", cpts=self.cpts_id, error=type(error).__name__)
            return False

    def _start_at(self, position: Position) -> None:
        """Begin, or begin again: whoever stood in another history resets."""
        for seat in self.seats:
            seat.close(RESET, "epoch")
        self.recent.clear()
        self.position = position
        self.started.set()

    def _deliver(self, entries: list[Entry]) -> None:
        assert self.position is not None  # noqa: S101  `_start_at` came first
        after, self.position = self.position.seq, Position(self.position.epoch, entries[-1].seq)
        self.recent.extend(entries)
        told: dict[Hashable, str] = {}
        for seat in self.seats:
            if seat.seq == after:
                key = (seat.caller.role, seat.caller.practitioners, seat.caller.id)
                if key not in told:
                    told[key] = self._hub.message(seat.caller, self.position.epoch, after, entries)
                seat.push(told[key])
                seat.seq = entries[-1].seq

    def beat(self) -> None:
        """Send an empty batch to everyone, so that silence means a lost connection."""
        if self.position is not None:
            for seat in self.seats:
                seat.push(self._hub.message(seat.caller, self.position.epoch, seat.seq, []))


class Hub:
    """All the live streams of one service."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        bell: Doorbell,
        open_session: OpenSession,
        direct: Direct,
        background: Background,
        view: View,
    ) -> None:
        """`view` says what each caller sees."""
        self.outbox, self.bell, self._open, self._view = outbox, bell, open_session, view
        self.direct, self._background = direct, background
        self._tails: dict[str, Tail] = {}
        self._start: Start | None = None
        self._looked_s = 0.0
        self.on_moved: list[Callable[[Mapping[str, Position]], None]] = []
        """Who else is told where all the streams stand, each time they are looked at."""

    @property
    def readers(self) -> int:
        """How many live connections there are."""
        return sum(len(tail.seats) for tail in self._tails.values())

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Hub"]:
        """Serve while the context is open."""
        async with self._background.running() as self._start:
            self._start("live heartbeat", self._beat)
            self._start("live positions", self._look)
            self._start("live sessions", self._watch_sessions)
            yield self

    @asynccontextmanager
    async def reading(self, cpts_id: str) -> AsyncIterator[Any]:
        """A transaction that sees one CPTS."""
        async with self._open() as session:
            await set_scope(session, Scope(frozenset({cpts_id})))
            yield session

    def message(self, caller: Caller, epoch: str, after: int, entries: list[Entry]) -> str:
        """A batch, as this caller may see it."""
        events = [self._narrow(caller, entry) for entry in entries]
        seq = entries[-1].seq if entries else after
        return json.dumps(
            {"epoch": epoch, "after": after, "seq": seq, "events": [event for event in events if event]},
            ensure_ascii=False,
            separators=(",", ":"),
        )

    def _narrow(self, caller: Caller, entry: Entry) -> dict[str, Any] | None:
        event = entry.event
        if event["value"] is not None:
            value = self._view(caller, event["collection"], event["value"])
            if value is None:
                # It may have been visible before this change: it is gone for this viewer, and nothing more is told.
                return {"seq": entry.seq, **event, "type": "hidden.v1", "detail": {}, "value": None}
            event = {**event, "value": value}
        return {"seq": entry.seq, **event}

    def _tail(self, cpts_id: str) -> Tail:
        tail = self._tails.get(cpts_id)
        if tail is None:
            assert self._start is not None  # noqa: S101  only used while running
            tail = self._tails[cpts_id] = Tail(self, cpts_id)
            self._start(f"live reader {cpts_id}", tail.read)
        return tail

    async def serve(self, socket: WebSocket, *, cpts_id: str, after: int, epoch: str) -> None:
        """Serve one accepted socket: its first message is the ticket, then batches flow until either side leaves."""
        try:
            caller = await self._admit(socket, cpts_id)
        except NotSignedIn:
            await socket.close(NOT_SIGNED_IN, "ticket")
            return
        except WebSocketDisconnect:
            return
        except AWAY as error:
            log.warning("socket_waits", error=type(error).__name__)
            await socket.close(TRY_LATER, "database away")
            return
        tail = self._tail(cpts_id)
        seat = Seat(caller=caller, socket=socket, seq=after)
        listening = asyncio.create_task(_until_gone(socket))
        try:
            if await self._catch_up(tail, seat, epoch, listening):
                either: set[asyncio.Future[Any]] = {listening, seat.closing}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tail.seats.discard(seat)
            gone = listening.done()
            listening.cancel()
            await seat.leave(gone=gone)

    async def _admit(self, socket: WebSocket, cpts_id: str) -> Caller:
        try:
            async with asyncio.timeout(TICKET_WAIT_S):
                ticket = str((await socket.receive_json())["ticket"])
        except (TimeoutError, ValueError, KeyError, TypeError):
            raise NotSignedIn from None
        async with self._open() as session:
            caller = await redeem_ticket(session, ticket)
        if not caller.may_see(cpts_id):
            raise NotSignedIn
        return caller

    async def _catch_up(self, tail: Tail, seat: Seat, epoch: str, listening: asyncio.Task[None]) -> bool:
        """Replay what the client missed, then seat it; false when it must start again from a snapshot."""
        await tail.started.wait()
        async with self.reading(tail.cpts_id) as session:
            floor = await self.outbox.floor(session, tail.cpts_id)
        while not (seat.closing.done() or listening.done()) and (position := tail.position):
            if epoch != position.epoch or not floor <= seat.seq <= position.seq:
                why = "epoch" if epoch != position.epoch else "history"
                seat.push(json.dumps({"reset": why, "epoch": position.epoch, "seq": position.seq}))
                seat.close(RESET, why)
                return True
            if seat.seq == position.seq:
                # No await since the check: nothing can fall between the replay and the seat.
                tail.seats.add(seat)
                seat.push(self.message(seat.caller, position.epoch, seat.seq, []))
                return True
            entries = await self._read_missed(tail, seat.seq)
            seat.push(self.message(seat.caller, position.epoch, seat.seq, entries))
            seat.seq = entries[-1].seq if entries else position.seq
            await seat.drain()
        return False

    async def _read_missed(self, tail: Tail, seq: int) -> list[Entry]:
        """What came after `seq`: from memory when it is recent, else from the log."""
        if tail.recent and tail.recent[0].seq <= seq + 1:
            return [entry for entry in tail.recent if entry.seq > seq][:BATCH]
        async with self.reading(tail.cpts_id) as session:
            return await self.outbox.after(session, tail.cpts_id, seq)

    async def _beat(self) -> None:
        """Say where each stream stands, as long as we know: a server that cannot read its log keeps silent."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if asyncio.get_running_loop().time() - self._looked_s > HEARTBEAT_S:
                continue
            for tail in self._tails.values():
                tail.beat()

    async def _look(self) -> None:
        """One look at all the positions: a stream that moved without a ring is read."""
        while True:
            try:
                async with self._open() as session:
                    await set_scope(session, Scope(frozenset({"*"})))
                    positions = await self.outbox.positions(session)
            except AWAY as error:
                log.warning("positions_wait", error=type(error).__name__)
            else:
                self._compare(positions)
            await asyncio.sleep(LOOK_DEAF_S)
            for _ in range(LOOKS_SPARED):
                if self.bell.hears:
                    await asyncio.sleep(LOOK_DEAF_S)

    def _compare(self, positions: Mapping[str, Position]) -> None:
        self._looked_s = asyncio.get_running_loop().time()
        for cpts_id, tail in list(self._tails.items()):
            if tail.position is not None and positions.get(cpts_id) != tail.position:
                self.bell.ring_here(self.outbox.stream(cpts_id))
        for moved in self.on_moved:
            moved(positions)

    async def _watch_sessions(self) -> None:
        """Close, within a second, the sockets of sessions that ended."""
        while True:
            await asyncio.sleep(0.5)
            seats = [seat for tail in self._tails.values() for seat in tail.seats if seat.caller.session]
            if not seats:
                continue
            try:
                async with self._open() as session:
                    live = await still_signed_in(session, list({seat.caller.session for seat in seats}))
            except AWAY:
                continue
            for seat in seats:
                if seat.caller.session not in live:
                    seat.close(NOT_SIGNED_IN, "signed out")


async def _until_gone(socket: WebSocket) -> None:
    """Read, so that a client that leaves is noticed; what it says is not listened to."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.receive_text()
