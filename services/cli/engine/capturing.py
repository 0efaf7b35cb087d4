"""`aiguillage capture`: a real round, or past days, as files for `solve`, `judge` and `whatif`, with nobody in them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.reads import read_state, slots_shown
from services.installation.starting import install
from services.matching.engine.files import dumps
from services.matching.engine.model import Instance, Point
from services.matching.engine.sameday.anonymous import anonymous
from services.matching.engine.sameday.solve import solve
from services.matching.lab.days.day import Day
from services.matching.lab.days.stored import write_day
from services.matching.lab.history import days_of, morning_of, reach_of, read_lived_days, requests_between
from services.matching.sameday.app.board import read_instance
from services.matching.sameday.app.parameters import parameters_of
from services.matching.sameday.edges.following import Territory
from shared.db import Scope, database_now, set_scope
from shared.db.clock import zone_at
from shared.db.tables import CommuneRow
from shared.live.follow import Replica
from shared.refusals import CannotStart
from shared.settings import Settings
from shared.wiring import running, wire

INSTANCE, PLAN = "instance.json", "plan.json"


async def capture(data_dir: Path, *, cpts: str, out: Path, days: int, say: Callable[[str], None]) -> None:
    """Write the last round and so many past days of a CPTS into a folder. CannotStart when there is nothing."""
    async with install(data_dir, join=True) as here:
        await capture_from(here.settings, cpts=cpts, out=out, days=days, say=say)


async def capture_from(settings: Settings, *, cpts: str, out: Path, days: int, say: Callable[[str], None]) -> None:
    """The same, on running servers."""
    async with (
        running(wire("availability", settings)) as availability,
        running(wire("matching", settings)) as matching,
    ):
        async with availability.open_session() as session:
            await set_scope(session, Scope(frozenset({cpts})))
            now = await database_now(session)
            zone = await zone_at(session, cpts)
            mornings = [morning_of(now, -n, zone) for n in range(days, 0, -1)]
            territory = Territory(Replica(cpts, state=await read_state(session, cpts)))
            seen = await slots_shown(session, cpts, *reach_of(mornings or [now]), past=True)
        async with matching.open_session() as session:
            await set_scope(session, Scope(frozenset({cpts})))
            parameters = await parameters_of(session, cpts)
            # Rounds run at each change: what the last one saw is what a round sees now.
            instance = (await read_instance(session, cpts, territory)).instance
            values = [slot.model_dump(mode="json") for slot in seen]
            asked = await requests_between(session, cpts, *days_of(mornings)) if mornings else []
            centres = await _centres(session)
    lived = read_lived_days(mornings, asked, values, territory, parameters) if mornings else []
    if not centres:
        raise CannotStart("Aucune commune n'est connue : « aiguillage import communes » d'abord.")
    for line in write(out, anonymous(instance, centres), [_without_anybody(day, centres) for day in lived]):
        say(line)


def write(out: Path, instance: Instance, days: Sequence[Day]) -> Iterator[str]:
    """Write the round, its plan and the days on which somebody asked; says each file."""
    out.mkdir(parents=True, exist_ok=True)
    (out / INSTANCE).write_text(dumps(instance) + "\n", encoding="utf-8")
    (out / PLAN).write_text(dumps(solve(instance)) + "\n", encoding="utf-8")
    yield f"{out / INSTANCE}, {out / PLAN} : {len(instance.requests)} demandes, {len(instance.slots)} créneaux"
    for day in days:
        if day.requests and day.slots:
            write_day(file := out / f"day-{day.name}.json", day)
            yield f"{file} : {len(day.requests)} demandes, {len(day.slots)} créneaux"


def _without_anybody(day: Day, centres: Sequence[Point]) -> Day:
    hidden = anonymous(day.instance, centres)
    names = {before.id: after.id for before, after in zip(day.slots, hidden.slots, strict=True)}
    return replace(
        day,
        requests=hidden.requests,
        slots=hidden.slots,
        practitioners=hidden.practitioners,
        withdrawn=tuple((names[slot], at) for slot, at in day.withdrawn),
    )


async def _centres(session: AsyncSession) -> list[Point]:
    rows = await session.exec(select(CommuneRow).order_by(CommuneRow.insee))
    return [Point(row.lat, row.lon) for row in rows]
