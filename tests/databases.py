"""Databases for tests: copies of a migrated one, made once and put back as they were after each test.

Making a copy and dropping it costs half a second of a busy machine, putting back what one test wrote some milliseconds.
A copy whose schema, rights or settings a test changed is dropped.
"""

from dataclasses import dataclass, field
from uuid import uuid4

import asyncpg
from sqlalchemy.engine import make_url

# What a database is besides its rows: relations, columns, functions, policies, triggers, rights, settings.
SHAPE = """
with ours as (select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
parts(part) as (
    select (n.nspname, nspacl)::text from pg_namespace n join ours using (oid)
    union all select (nspname, relname, relkind, relacl, relrowsecurity, relforcerowsecurity, reloptions)::text
        from pg_class c join ours on ours.oid = relnamespace
    union all select pg_get_viewdef(c.oid) from pg_class c join ours on ours.oid = relnamespace
        where relkind in ('v', 'm')
    union all select pg_get_indexdef(indexrelid) from pg_index join pg_class c on c.oid = indrelid
        join ours on ours.oid = relnamespace
    union all select (attrelid::regclass, attname, atttypid, atttypmod, attnotnull, attacl,
        pg_get_expr(adbin, adrelid))::text
        from pg_attribute a join pg_class c on c.oid = attrelid join ours on ours.oid = relnamespace
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
    union all select (pg_get_functiondef(p.oid), proacl)::text from pg_proc p join ours on ours.oid = pronamespace
        where prokind in ('f', 'p')
    union all select (conrelid::regclass, conname, pg_get_constraintdef(k.oid))::text
        from pg_constraint k join ours on ours.oid = connamespace
    union all select (polrelid::regclass, polname, polcmd, polroles, pg_get_expr(polqual, polrelid),
        pg_get_expr(polwithcheck, polrelid))::text from pg_policy
    union all select (pg_get_triggerdef(oid), tgenabled)::text from pg_trigger where not tgisinternal
    union all select extname::text from pg_extension
    union all select setconfig::text from pg_db_role_setting join pg_database d on d.oid = setdatabase
        where datname = current_database()
    union all select datacl::text from pg_database where datname = current_database() and datacl is not null
)
select md5(string_agg(part, '|' order by part)) from parts
"""
TABLES = """
select format('%I.%I', nspname, relname) from pg_class c join pg_namespace n on n.oid = relnamespace
where relkind = 'r' and nspname !~ '^pg_' and nspname <> 'information_schema' order by 1
"""
SEQUENCES = "select format('%I.%I', schemaname, sequencename) as name, last_value from pg_sequences order by 1"
LEAVE = "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = $1"


@dataclass(frozen=True, slots=True)
class Image:
    """What a fresh copy holds: its shape, a digest of each table's rows, the rows of those that have any."""

    shape: str
    query: str
    digests: dict[str, str | None]
    rows: dict[str, list[str]]
    sequences: dict[str, int | None]


def renamed(url: str, database: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


async def connect(url: str) -> asyncpg.Connection:
    """A connection of the owner, outside of SQLAlchemy."""
    plain = make_url(url).set(drivername="postgresql")
    return await asyncpg.connect(plain.render_as_string(hide_password=False))


async def image(connection: asyncpg.Connection) -> Image:
    """What this database holds."""
    tables = [row[0] for row in await connection.fetch(TABLES)]
    query = " union all ".join(
        f"select '{table}', (select md5(string_agg(t::text, '|' order by t::text)) from {table} t)" for table in tables
    )
    digests: dict[str, str | None] = dict(await connection.fetch(query))
    rows = {
        table: [row[0] for row in await connection.fetch(f"select t::text from {table} t")]
        for table, digest in digests.items()
        if digest
    }
    return Image(await connection.fetchval(SHAPE), query, digests, rows, dict(await connection.fetch(SEQUENCES)))


async def restore(connection: asyncpg.Connection, fresh: Image) -> bool:
    """Put back the rows of a fresh copy; False when more than rows was changed."""
    if await connection.fetchval(SHAPE) != fresh.shape:
        return False
    changed = [table for table, digest in await connection.fetch(fresh.query) if digest != fresh.digests[table]]
    async with connection.transaction():
        # Neither keys nor triggers are asked: what was true of the fresh copy is true again at the end.
        await connection.execute("set local session_replication_role = replica")
        for table in changed:
            await connection.execute(f"delete from {table}")
            if table in fresh.rows:
                put = f"insert into {table} select (t::{table}).* from unnest($1::text[]) t"
                await connection.execute(put, fresh.rows[table])
        for name, value in await connection.fetch(SEQUENCES):
            if value != fresh.sequences[name]:
                await connection.execute(f"alter sequence {name} restart")
                if (last := fresh.sequences[name]) is not None:
                    await connection.fetchval("select setval($1::text::regclass, $2)", name, last)
    return True


@dataclass(slots=True)
class Shelf:
    """The copies that stand ready. `url`: any database of the server, its owner signed in."""

    url: str
    template: str
    admin: asyncpg.Connection
    fresh: Image
    ready: list[str] = field(default_factory=list)

    async def take(self) -> str:
        """The address of a fresh database; its name was never used before: counters elsewhere are kept by it."""
        name = f"test_{uuid4().hex[:12]}"
        if self.ready:
            await self.admin.execute(f"alter database {self.ready.pop()} rename to {name}")
        else:
            await self.admin.execute(f"create database {name} template {self.template} strategy file_copy")
        return renamed(self.url, name)

    async def give_back(self, url: str) -> None:
        """End what is still connected to it, and put it back as it was."""
        name = make_url(url).database or ""
        await self.admin.fetch(LEAVE, name)
        connection = await connect(url)
        try:
            as_it_was = await restore(connection, self.fresh)
        finally:
            await connection.close()
        if as_it_was:
            self.ready.append(name)
        else:
            await self.admin.execute(f"drop database {name} with (force)")
