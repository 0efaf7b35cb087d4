"""The peers of the booking benchmark in bare SQL, and how everybody's attempts are timed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tests.bench.bare import HOLD

Attempt = Callable[[asyncpg.Connection, UUID, int], Awaitable[bool]]
Act = Callable[[int, Any], Awaitable[bool]]
"""What client number n does with one thing; true when it won."""

TABLES = """
create schema race;
create table race.checked (slot_id uuid not null, client int not null);
create table race.skipped (id uuid primary key, taken int not null default 0);
create table race.skipped_booking (slot_id uuid not null, client int not null);
insert into race.skipped select id from bare.slot;
"""


@dataclass
class Outcome:
    """What a race gave: seconds per attempt, who won what, seconds of processor of the server and of PostgreSQL."""

    seconds: list[float] = field(default_factory=list)
    wins: dict[Any, int] = field(default_factory=dict)
    elapsed_s: float = 0.0
    processor_s: tuple[float, float] = (0.0, 0.0)

    @property
    def double_booked(self) -> int:
        """Things that more than one client believes to have."""
        return sum(1 for won in self.wins.values() if won > 1)

    @property
    def rate(self) -> float:
        """Attempts per second."""
        return len(self.seconds) / self.elapsed_s


async def everybody(clients: int, things: Sequence[Any], act: Act, *, all_of_them: bool) -> Outcome:
    """Let the clients act at once: each on all of these things in the same order, or each on a share of its own."""
    outcome = Outcome()

    async def run(client: int) -> None:
        for thing in things if all_of_them else things[client::clients]:
            begun = time.perf_counter()
            won = await act(client, thing)
            outcome.seconds.append(time.perf_counter() - begun)
            if won:
                outcome.wins[thing] = outcome.wins.get(thing, 0) + 1

    begun = time.perf_counter()
    await asyncio.gather(*(run(client) for client in range(clients)))
    outcome.elapsed_s = time.perf_counter() - begun
    return outcome


async def one_round_trip(connection: asyncpg.Connection, slot: UUID, client: int) -> bool:
    """The bare peer's function, without HTTP around it."""
    return await connection.fetchval(HOLD, slot, f"raw-{client}", timedelta(minutes=3)) is not None


async def skip_locked(connection: asyncpg.Connection, slot: UUID, client: int) -> bool:
    """Lock it unless somebody else has it locked, then book: never twice, but who comes second is turned away."""
    async with connection.transaction():
        free = "select 1 from race.skipped where id = $1 and taken = 0 for update skip locked"
        if not await connection.fetchval(free, slot):
            return False
        await connection.execute("update race.skipped set taken = 1 where id = $1", slot)
        await connection.execute("insert into race.skipped_booking values ($1, $2)", slot, client)
    return True


async def check_then_insert(connection: asyncpg.Connection, slot: UUID, client: int) -> bool:
    """Look whether it is free, then book it: the pattern that double-books."""
    async with connection.transaction():
        if await connection.fetchval("select 1 from race.checked where slot_id = $1", slot):
            return False
        await connection.execute("insert into race.checked values ($1, $2)", slot, client)
    return True


async def race(dsn: dict[str, str], attempt: Attempt, *, clients: int, slots: Sequence[UUID]) -> Outcome:
    """`clients` connections all try all the slots in the same order."""
    connections = [await asyncpg.connect(**dsn) for _ in range(clients)]
    try:
        return await everybody(
            clients, slots, lambda client, slot: attempt(connections[client], slot, client), all_of_them=True
        )
    finally:
        for connection in connections:
            await connection.close()
