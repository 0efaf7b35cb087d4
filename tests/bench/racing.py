"""The peers of the booking benchmark: the two ways of booking that people write first, on a table of their own."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg

Attempt = Callable[[asyncpg.Connection, int, int], Awaitable[bool]]

TABLES = """
create schema race;
create table race.slot (id int primary key, during tstzrange not null);
create table race.checked (slot_id int not null, client int not null);
create table race.excluded (
  slot_id int not null, client int not null, during tstzrange not null,
  exclude using gist (int8range(slot_id, slot_id, '[]') with &&, during with &&)
);
create table race.guarded_slot (id int primary key, taken int not null default 0);
create table race.guarded (slot_id int not null, client int not null);
insert into race.slot select n, tstzrange(now() + n * interval '15 min', now() + (n + 1) * interval '15 min')
  from generate_series(1, {slots}) n;
insert into race.guarded_slot select n from generate_series(1, {slots}) n;
"""


@dataclass
class Outcome:
    """What a race gave: seconds per attempt, wins per slot, deadlocks met."""

    seconds: list[float] = field(default_factory=list)
    wins: dict[int, int] = field(default_factory=dict)
    deadlocks: int = 0
    elapsed_s: float = 0.0

    @property
    def double_booked(self) -> int:
        """Slots that more than one client believes to have."""
        return sum(1 for won in self.wins.values() if won > 1)


async def check_then_insert(connection: asyncpg.Connection, slot: int, client: int) -> bool:
    """Look whether it is free, then book it: the pattern that double-books."""
    async with connection.transaction():
        if await connection.fetchval("select 1 from race.checked where slot_id = $1", slot):
            return False
        await connection.execute("insert into race.checked values ($1, $2)", slot, client)
    return True


async def exclusion_alone(connection: asyncpg.Connection, slot: int, client: int) -> bool:
    """Insert and let the exclusion constraint refuse: correct, but rivals wait for each other."""
    insert = "insert into race.excluded select id, $2, during from race.slot where id = $1"
    try:
        await connection.execute(insert, slot, client)
    except asyncpg.ExclusionViolationError:
        return False
    return True


async def guarded_update(connection: asyncpg.Connection, slot: int, client: int) -> bool:
    """One statement that tests and takes, as the service does, without the service around it."""
    take = "update race.guarded_slot set taken = taken + 1 where id = $1 and taken < 1"
    async with connection.transaction():
        if await connection.execute(take, slot) == "UPDATE 0":
            return False
        await connection.execute("insert into race.guarded values ($1, $2)", slot, client)
    return True


async def race(dsn: dict[str, str], attempt: Attempt, *, clients: int, slots: int) -> Outcome:
    """`clients` connections all try all the slots in the same order."""
    outcome = Outcome()
    connections = [await asyncpg.connect(**dsn) for _ in range(clients)]

    async def run(client: int, connection: asyncpg.Connection) -> None:
        for slot in range(1, slots + 1):
            begun = time.perf_counter()
            try:
                won = await attempt(connection, slot, client)
            except asyncpg.DeadlockDetectedError:
                outcome.deadlocks, won = outcome.deadlocks + 1, False
            outcome.seconds.append(time.perf_counter() - begun)
            if won:
                outcome.wins[slot] = outcome.wins.get(slot, 0) + 1

    begun = time.perf_counter()
    await asyncio.gather(*(run(client, each) for client, each in enumerate(connections)))
    outcome.elapsed_s = time.perf_counter() - begun
    for connection in connections:
        await connection.close()
    return outcome
