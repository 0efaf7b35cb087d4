"""How long a round of family doctors takes to decide and to write: `aiguillage bench attachments`.

One round over a register, in the service's own transaction: guarded proposals, places, stories, events, outcomes. In
the same run, on the same server, the peer: the very rows it wrote, copied (`COPY`) into tables without any rule.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import asyncpg
import numpy as np
from sqlalchemy import text
from sqlalchemy.engine import make_url

from services.installation.histories import HISTORIES
from services.matching.doctors.app.intake import RoundForm
from services.matching.doctors.app.preparing import DeclaredPanel, RoundDesk
from services.matching.doctors.app.rounds import run_round
from services.matching.doctors.store.register import AttachmentRoundRow
from services.matching.engine.doctors.decision import Decision, decide
from services.matching.engine.doctors.model import AttachmentRound
from services.matching.engine.model import Point
from shared import embedded
from shared.auth import Caller, Role
from shared.db import run, set_scope
from shared.db.ids import new_id
from shared.db.migrate import upgrade
from shared.settings import Settings
from shared.wiring import running, wire
from tests.bench.report import Report
from tests.builders import CPTS, MORNING, owner, show

COLUMNS = ("who", "people", "proposed", "deciding s", "writing s")
COMMUNES, PRACTITIONERS, SEED = 40, 150, 1000
WANTED = RoundForm(cpts_id=CPTS)
COORDINATOR = Caller("coordinator", Role.COORDINATOR, frozenset({CPTS}))
TABLES = ("attachment", "attachment_change", "attachment_place", "attachment_outcome", "event")
REGISTER = text("""
with of as (select cast(:at as timestamptz) as at, cast(:cpts as text) as cpts),
person as (
    insert into matching.attachment
           (id, cpts_id, state, version, insee, age, entered_at, flags, priority_class, home_visits, household,
            forbidden, source, registered_by, registered_role, registered_at, revalidate_by, why, reason, changed_at)
    select gen_random_uuid(), cpts, 'waiting', 1, '48' || lpad((n % :communes)::text, 3, '0'), n % 95, at,
           case when n % 9 = 0 then '{ald}' when n % 31 = 0 then '{c2s_ame}' else '{}' end::text[], '', false,
           gen_random_uuid(), '{}', 'pharmacy', 'someone', 'coordinator', at - n * interval '1 minute',
           at + interval '1 year', '{}', '', at
      from of, generate_series(1, :people) n returning id)
insert into matching.attachment_change (attachment_id, version, cpts_id, at, to_state, code, by, detail)
select id, 1, cpts, at, 'waiting', 'registered', 'someone', '{}' from of, person
""")
COMMUNE = text("""
insert into common.commune (insee, name, departement, postal_codes, former_names, lat, lon, population)
values (:insee, :insee, '48', '{}', '{}', :lat, :lon, 1000)
""")


def main(argv: list[str]) -> int:
    """Run a round; 1 when it does not write what it decided."""
    parser = argparse.ArgumentParser(prog="aiguillage bench attachments", description=__doc__)
    parser.add_argument("--people", type=int, default=15_000)
    parser.add_argument("--places", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="1,500 people")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(argv)
    small = 10 if options.quick else 1
    report = asyncio.run(bench(options.people // small, options.places // small))
    return report.finish(as_json=options.json)


async def bench(people: int, places: int) -> Report:
    """The round, then its rows alone."""
    report = Report(f"family doctors: a round of {people} people", COLUMNS)
    with tempfile.TemporaryDirectory(prefix="aiguillage-bench-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        async with embedded.servers(folder / "servers", environ={}) as servers:
            values = {"database_url": servers.database_url, "redis_url": servers.redis_url, "demo": True}
            settings = Settings.model_validate(values)
            await upgrade(settings, HISTORIES)
            await fill(settings, people)
            row, deciding_s, total_s = await one_round(settings, places)
            copied_s = await copied(settings)
    report.row("the service", people, row.kept, deciding_s, total_s - deciding_s)
    report.row("peer: its rows, copied", people, row.kept, 0.0, copied_s)
    report.guarantee("every proposal decided is written", kept=row.kept == row.proposed > 0)
    report.figures["ratio_to_copy"] = (total_s - deciding_s) / copied_s
    return report


async def fill(settings: Settings, people: int) -> None:
    """Communes round a town, and who seeks a family doctor in each."""
    rng = np.random.default_rng(SEED)
    await show(settings, MORNING)
    async with owner(settings) as session:
        for n in range(COMMUNES):
            lat, lon = 44.5 + rng.normal(0, 0.1), 3.5 + rng.normal(0, 0.1)
            await run(session, COMMUNE, insee=f"48{n:03}", lat=float(lat), lon=float(lon))
        await run(session, REGISTER, cpts=CPTS, communes=COMMUNES, people=people, at=MORNING)


async def one_round(settings: Settings, places: int) -> tuple[AttachmentRoundRow, float, float]:
    """The round's row, and the seconds it took to decide and in all."""
    rng = np.random.default_rng(SEED + 1)
    panels = [
        DeclaredPanel(
            practitioner_id=new_id(MORNING),
            point=Point(44.5 + float(rng.normal(0, 0.1)), 3.5 + float(rng.normal(0, 0.1))),
            places=places // PRACTITIONERS,
            declared_at=MORNING,
        )
        for _ in range(PRACTITIONERS)
    ]
    deciding: list[float] = []

    async def declared(_cpts_id: str) -> list[DeclaredPanel]:
        return panels

    async def decided(around: AttachmentRound) -> Decision:
        begun = time.perf_counter()
        decision = decide(around)
        deciding.append(time.perf_counter() - begun)
        return decision

    async with running(wire("matching", settings)) as wiring:
        begun = time.perf_counter()
        async with wiring.open_session() as session:
            await set_scope(session, COORDINATOR.scope)
            row = await run_round(RoundDesk(session, COORDINATOR, declared, decided), WANTED)
        return row, deciding[0], time.perf_counter() - begun


async def copied(settings: Settings) -> float:
    """The rows that the round left, copied into tables without keys, checks or policies."""
    url = make_url(settings.database_url.get_secret_value())
    connection = await asyncpg.connect(
        user=str(url.username), password=str(url.password), database=str(url.database), host=str(url.query["host"])
    )
    rows = {table: await connection.fetch(f"select * from matching.{table}") for table in TABLES}
    for table in TABLES:
        await connection.execute(f"create unlogged table bare_{table} as table matching.{table} with no data")
    begun = time.perf_counter()
    for table, found in rows.items():
        await connection.copy_records_to_table(f"bare_{table}", records=[tuple(row) for row in found])
    seconds = time.perf_counter() - begun
    await connection.close()
    return seconds
