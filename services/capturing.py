"""`aiguillage capture`: a real round, or past days, as files for `solve`, `judge` and `whatif`, with nobody in them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.reads import read_state
from services.matching import reads
from services.matching.app.deciding import core_request, instance_of
from services.matching.app.parameters import parameters_of
from services.matching.app.reconciling import unseen_places
from services.matching.core.anonymous import anonymous
from services.matching.core.files import dumps
from services.matching.core.model import Instance, Point
from services.matching.core.solve import solve
from services.matching.edges.following import Territory
from services.matching.simulation.day import Day
from services.matching.simulation.stored import write_day
from services.matching.store.history import midnight_of, slots_of_day
from services.matching.store.tables import RequestRow
from services.starting import installed
from shared.clock import PARIS
from shared.db import Scope, database_now, set_scope
from shared.embedded_place import CannotStart
from shared.follow import Replica
from shared.settings import Settings
from shared.tables import CommuneRow
from shared.wiring import running, wire

OPENS_HOUR = 7
INSTANCE, PLAN = "instance.json", "plan.json"


async def capture(data_dir: Path, *, cpts: str, out: Path, days: int, say: Callable[[str], None]) -> None:
    """Write the last round and so many past days of a CPTS into a folder. CannotStart when there is nothing."""
    async with installed(data_dir, join=True) as here:
        await capture_from(here.settings, cpts=cpts, out=out, days=days, say=say)


async def capture_from(settings: Settings, *, cpts: str, out: Path, days: int, say: Callable[[str], None]) -> None:
    """The same, on running servers."""
    async with (
        running(wire("availability", settings)) as availability,
        running(wire("matching", settings)) as matching,
    ):
        async with availability.open_session() as session:
            await set_scope(session, Scope(frozenset({cpts})))
            territory = Territory(Replica(cpts, state=await read_state(session, cpts)))
        async with matching.open_session() as session:
            await set_scope(session, Scope(frozenset({cpts})))
            now = await database_now(session)
            instance = await last_round(session, territory, cpts, now)
            today = now.astimezone(PARIS).date()
            lived = [await past_day(session, instance, cpts, today - timedelta(days=n)) for n in range(days, 0, -1)]
            centres = await _centres(session)
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


async def last_round(session: AsyncSession, territory: Territory, cpts: str, now: datetime) -> Instance:
    """What a round sees now: rounds run at each change, so what the last one saw."""
    rows = await reads.board_rows(session, cpts)
    at_s = int(now.timestamp())
    hidden = unseen_places(rows, territory.bookings())
    parameters = await parameters_of(session, cpts)
    return instance_of(rows, territory.slots(at_s), territory.practitioners(at_s), parameters, now, hidden)


async def past_day(session: AsyncSession, instance: Instance, cpts: str, day: date) -> Day:
    """Who asked on a day, and the slots of that day with the instant each opened and was taken back."""
    begins, ends = midnight_of(day), midnight_of(day + timedelta(days=1))
    asked = select(RequestRow).where(RequestRow.cpts_id == cpts, col(RequestRow.submitted_at).between(begins, ends))
    rows = (await session.exec(asked.order_by(col(RequestRow.submitted_at), col(RequestRow.id)))).all()
    seen = await slots_of_day(session, cpts, begins, ends)
    requests = tuple(replace(core_request(row), forbidden=frozenset()) for row in rows)
    opens = int(begins.timestamp()) + OPENS_HOUR * 3600
    return Day(
        name=day.isoformat(),
        opens_at_s=min([opens, *(request.submitted_at_s for request in requests)]),
        closes_at_s=int(ends.timestamp()),
        requests=requests,
        slots=tuple(slot for slot, _, _ in seen),
        published_at_s=tuple(max(opened, int(begins.timestamp())) for _, opened, _ in seen),
        practitioners=instance.practitioners,
        withdrawn=tuple((slot.id, closed) for slot, _, closed in seen if closed is not None),
        parameters=instance.parameters,
    )


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
