"""The gapless log of a service: one stream per CPTS, appended in the transaction that makes the change.

The head row is locked until the commit, so `seq` has no gap and its order is the order of commits. The `epoch`
names one history: it changes when a backup is restored, and readers then start again from a snapshot.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, Uuid, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.events import Event
from shared.db import Session, ring_after_commit, run

BATCH = 200


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands in a stream."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One event at its place."""

    seq: int
    event: dict[str, Any]


class Outbox:
    """The log of one schema: tables `event_head` and `event`."""

    def __init__(self, metadata: MetaData) -> None:
        """Declare the two tables in `metadata`, whose schema owns them."""
        self.service = str(metadata.schema)
        self.head = Table(
            "event_head",
            metadata,
            Column("cpts_id", Text, primary_key=True),
            Column("epoch", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
            Column("seq", BigInteger, nullable=False),
        )
        self.log = Table(
            "event",
            metadata,
            Column("cpts_id", Text, primary_key=True),
            Column("seq", BigInteger, primary_key=True),
            Column("at", DateTime(timezone=True), nullable=False, index=True),
            Column("body", JSONB, nullable=False),
        )
        # It takes the streams' turn: whatever an event carries must be final by then.
        self._append = text(f"""
with told as (
  select * from jsonb_to_recordset(cast(:events as jsonb)) as e (cpts_id text, back int, at timestamptz, body jsonb)
), heads as (
  insert into {self.service}.event_head as h (cpts_id, seq)
  select cpts_id, count(*) from told group by cpts_id order by cpts_id
  on conflict (cpts_id) do update set seq = h.seq + excluded.seq
  returning h.cpts_id, h.seq
), appended as (
  insert into {self.service}.event (cpts_id, seq, at, body)
  select cpts_id, heads.seq - back, at, body from told join heads using (cpts_id)
)
select 1
""")  # noqa: S608  our own schema's name
        self._head = text(f"select epoch, seq from {self.service}.event_head where cpts_id = :cpts")  # noqa: S608
        # One statement, so that the end and what leads to it belong together.
        self._news = text(f"""
select h.epoch, h.seq as ends_at, e.seq, cast(e.body as text) as body
from {self.service}.event_head h
left join lateral (select seq, body from {self.service}.event
                   where cpts_id = h.cpts_id and seq > :seq order by seq limit :most) as e on true
where h.cpts_id = :cpts order by e.seq
""")  # noqa: S608  our own schema's name

    def stream(self, cpts_id: str) -> str:
        """The doorbell's name for a CPTS's stream."""
        return f"{self.service}:{cpts_id}"

    async def lock(self, session: AsyncSession, cpts_ids: Iterable[str]) -> None:
        """Take these streams' turn until the commit, in one order, so that no two transactions wait for each other.

        What is read afterwards includes every event before ours: compute what an event carries under this lock.
        """
        turns = [{"cpts_id": cpts_id, "seq": 0} for cpts_id in sorted(set(cpts_ids))]
        if turns:
            first = insert(self.head).values(turns)
            await run(session, first.on_conflict_do_update(index_elements=["cpts_id"], set_={"seq": self.head.c.seq}))

    async def append(self, session: AsyncSession, cpts_ids: Iterable[str], event: Event) -> None:
        """Write the event to these CPTS' streams, as the last statements of the transaction; ring after its commit.

        A transaction that appends several events to several streams locks them all first.
        """
        await self.append_all(session, cpts_ids, [event])

    async def append_all(self, session: AsyncSession, cpts_ids: Iterable[str], events: Sequence[Event]) -> None:
        """Write events to these CPTS' streams, in this order and without a gap, as `append` writes one."""
        await self.append_each(session, [(cpts_id, event) for cpts_id in sorted(set(cpts_ids)) for event in events])

    async def append_each(self, session: Session, told: Sequence[tuple[str, Event]]) -> None:
        """Write each event to the stream it goes with, by one statement however many they are; ring after its commit.

        Those of one stream keep their order; streams are taken in one order, as `lock` takes them.
        """
        if told:
            await run(session, self._append, events=self.bind(session, told))

    def bind(self, session: Session, told: Sequence[tuple[str, Event]]) -> str:
        """These events as the statement takes them that appends them, this one's or the function that changes places'.

        Asks for the rings that follow the commit.
        """
        after: Counter[str] = Counter()
        rows = []
        for cpts_id, event in reversed(told):
            body = event.model_dump(mode="json")
            rows.append({"cpts_id": cpts_id, "back": after[cpts_id], "at": body["at"], "body": body})
            after[cpts_id] += 1
        for cpts_id in after:
            ring_after_commit(session, self.stream(cpts_id))
        return json.dumps(rows)

    async def position(self, session: AsyncSession, cpts_id: str) -> Position:
        """The end of the stream; a stream that never had an event gets its epoch now."""
        found = (await run(session, self._head, cpts=cpts_id)).one_or_none()
        if found is None:
            start = insert(self.head).values(cpts_id=cpts_id, seq=0).on_conflict_do_nothing()
            await run(session, start)
            found = (await run(session, self._head, cpts=cpts_id)).one()
        return Position(str(found.epoch), found.seq)

    async def positions(self, session: AsyncSession) -> dict[str, Position]:
        """The end of every stream in scope that ever began."""
        return {row.cpts_id: Position(str(row.epoch), row.seq) for row in await run(session, select(self.head))}

    async def after(self, session: AsyncSession, cpts_id: str, seq: int, *, limit: int = BATCH) -> list[Entry]:
        """What came after `seq`, oldest first."""
        rows = await run(
            session,
            select(self.log.c.seq, self.log.c.body)
            .where(self.log.c.cpts_id == cpts_id, self.log.c.seq > seq)
            .order_by(self.log.c.seq)
            .limit(limit),
        )
        return [Entry(row.seq, row.body) for row in rows]

    async def news(self, session: Session, cpts_id: str, seq: int) -> tuple[Position | None, list[Entry]]:
        """Where the stream ends, if it ever began, and the first of what came after `seq`, oldest first."""
        rows = (await run(session, self._news, cpts=cpts_id, seq=seq, most=BATCH)).all()
        if not rows:
            return None, []
        entries = [Entry(row.seq, json.loads(row.body)) for row in rows if row.seq is not None]
        return Position(str(rows[0].epoch), rows[0].ends_at), entries

    async def prune(self, session: AsyncSession, cpts_id: str, before: datetime) -> int:
        """Forget the events before the first that is not older than `before`: what stays has no gap.

        Readers that far behind are told to start again.
        """
        ours = self.log.c.cpts_id == cpts_id
        kept = select(func.min(self.log.c.seq)).where(ours, self.log.c.at >= before).scalar_subquery()
        old = (ours, self.log.c.at < before, self.log.c.seq < func.coalesce(kept, self.log.c.seq + 1))
        gone = await run(session, self.log.delete().where(*old).returning(self.log.c.seq))
        return len(gone.all())

    async def floor(self, session: AsyncSession, cpts_id: str) -> int:
        """The oldest position that can still be resumed from: one statement, for events may come between two."""
        oldest = select(func.min(self.log.c.seq) - 1).where(self.log.c.cpts_id == cpts_id).scalar_subquery()
        end = select(self.head.c.seq).where(self.head.c.cpts_id == cpts_id).scalar_subquery()
        return int((await run(session, select(func.coalesce(oldest, end, 0)))).scalar_one())


async def begin_again(connection: AsyncConnection, service: str) -> int:
    """Give every stream of a service another epoch, after a restore: each reader resets. Answers how many."""
    again = text(f"update {service}.event_head set epoch = gen_random_uuid()")  # noqa: S608  our own names
    return (await connection.execute(again)).rowcount
