"""What if, and tomorrow: the days this CPTS lived, replayed with one thing changed, and what a coming one still lacks.

Both are computed by the engine, in its own processes, one at a time: they never take more than one of its workers.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, model_validator
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import HTTPConnection

from services.matching.engine.ahead.policies import DEFAULT_POLICY, policy_named
from services.matching.engine.model import Point
from services.matching.lab.api.tomorrow import Tomorrow, alike, tomorrow_lacks
from services.matching.lab.changes import Supposition
from services.matching.lab.comparing import compare
from services.matching.lab.days.day import Day
from services.matching.lab.figures import figures
from services.matching.lab.history import SlotHistory, morning_of, requests_between
from services.matching.lab.outcome import DayOutcome, add_outcomes
from services.matching.sameday.app.intake import Form
from services.matching.sameday.app.parameters import parameters_of
from services.matching.sameday.edges.following import Territories
from services.matching.sameday.edges.solver import Solver
from shared.auth import Role
from shared.db import database_now
from shared.db.clock import zone_at
from shared.db.tables import CommuneRow
from shared.http import CallerDep, SessionDep
from shared.http.parts import find_part
from shared.outside.asked import CptsId, Insee
from shared.refusals import Invalid, Refusal
from shared.running.kept import Kept

READERS = (Role.COORDINATOR, Role.ADMIN)
LEARNT_DAYS = 28
routes = APIRouter(tags=["what if"])


class NoDayLived(Refusal):
    """Aucune journée de ce territoire n'est encore enregistrée : revenez après un premier jour de demandes."""

    code = "no_day_lived"


class WhatIf(Form):
    """What would be different, each day: slots more in a commune, demand in %, minutes of travel more accepted.

    `without`: who would be away; between two days of theirs, only past days of the same weekdays are replayed.
    """

    cpts_id: CptsId
    slots: int = Field(default=0, ge=0, le=20)
    insee: Insee | None = None
    demand_percent: int = Field(default=100, ge=50, le=200)
    farther_minutes: int = Field(default=0, ge=-20, le=60)
    without: UUID | None = None
    away_from: date | None = None
    away_until: date | None = None
    days: int = Field(default=7, ge=1, le=28)

    @model_validator(mode="after")
    def slots_have_a_commune(self) -> Self:
        """Slots are given somewhere."""
        if self.slots and self.insee is None:
            raise ValueError("dites dans quelle commune (insee)")
        if self.away_from and self.away_until and self.away_until < self.away_from:
            raise ValueError("la fin de l'absence vient après son début")
        return self

    def weekdays(self) -> frozenset[int]:
        """The days of the week of the absence, Monday is 0; all of them when it has no dates."""
        if self.away_from is None or self.away_until is None:
            return frozenset(range(7))
        length = min(7, (self.away_until - self.away_from).days + 1)
        return frozenset((self.away_from + timedelta(days=n)).weekday() for n in range(length))


class NobodyToMiss(Refusal):
    """Ce praticien n'a proposé aucun créneau sur les journées rejouées : son absence n'y changerait rien."""

    code = "nobody_to_miss"
    status = 422


class Lived(BaseModel):
    """Days as they were replayed: shares in % of those who asked, times in minutes of those served."""

    asked: int
    served: int
    served_within_24_h: int
    unserved_by_class: tuple[int, int, int, int]
    travel_min: float
    delay_min: float
    gini: float


class ReplayProgress(BaseModel):
    """How far the replay is and, at its end, both sides of it over the same days."""

    done: int
    days: int
    first: str = ""
    last: str = ""
    before: Lived | None = None
    after: Lived | None = None


class ForesightTurn(asyncio.Lock):
    """One at a time looks ahead: the engine's processes are for the day's requests first."""


class KeptTomorrow(Kept[Tomorrow]):
    """The last answer for each CPTS."""


@dataclass(frozen=True, slots=True)
class ForesightDesk:
    """What looking ahead works with: the transaction, the lived days, the engine's processes, one turn at a time."""

    session: AsyncSession
    territories: Territories
    history: SlotHistory
    solver: Solver
    turn: ForesightTurn
    kept: KeptTomorrow

    async def read_lived(self, cpts_id: str, days: int, now: datetime) -> list[Day]:
        """The last days before today that saw a request, else today so far; raises `NoDayLived`.

        Ends the transaction: what else is read of the database is read before.
        """
        parameters, territory = await parameters_of(self.session, cpts_id), self.territories[cpts_id]
        zone = await zone_at(self.session, cpts_id)
        past, today = [morning_of(now, -n, zone) for n in range(days, 0, -1)], [morning_of(now, 0, zone)]
        asked = await requests_between(self.session, cpts_id, past[0], morning_of(now, 1, zone))
        # Another service is not waited for with a connection in hand.
        await self.session.commit()
        for mornings in (past, today):
            found = await self.history.days(cpts_id, mornings, asked, territory, parameters)
            if found:
                return found
        raise NoDayLived(field="cpts_id", value=cpts_id)

    async def change(self, form: WhatIf) -> Supposition:
        """The change a form means, under the policy of the CPTS; look-ahead, which needs a past of its own, is left
        to its default."""
        commune = await self.session.get(CommuneRow, form.insee) if form.insee else None
        if form.insee and commune is None:
            raise Invalid("Cette commune est inconnue.", field="insee", value=form.insee, rule="GET /communes")
        policy = (await parameters_of(self.session, form.cpts_id)).policy
        return Supposition(
            policy=DEFAULT_POLICY if policy_named(policy).scenarios else policy,
            demand=form.demand_percent / 100,
            at=Point(commune.lat, commune.lon) if commune and form.slots else None,
            slots_at=form.slots,
            farther_s=60 * form.farther_minutes,
            without=(str(form.without),) if form.without else (),
        )

    async def read_replayed(self, form: WhatIf, now: datetime) -> list[Day]:
        """The days that a form is about; raises `NoDayLived`, `NobodyToMiss`."""
        if form.without is None:
            return await self.read_lived(form.cpts_id, form.days, now)
        lived, wanted = await self.read_lived(form.cpts_id, LEARNT_DAYS, now), form.weekdays()
        days = [day for day in lived if datetime.fromisoformat(day.name).weekday() in wanted] or lived
        if not any(slot.practitioner == str(form.without) for day in days for slot in day.slots):
            raise NobodyToMiss(field="without", value=form.without)
        return days[-form.days :]

    async def replay(self, days: Sequence[Day], change: Supposition) -> AsyncIterator[ReplayProgress]:
        """Each day as it was and changed, one after the other; the last answer has both sides."""
        pairs: list[tuple[DayOutcome, DayOutcome]] = []
        async with self.turn:
            yield ReplayProgress(done=0, days=len(days))
            for seed, day in enumerate(days):
                pairs.append(await self.solver(compare, day, _on(day, change), (), seed))
                yield ReplayProgress(done=len(pairs), days=len(days))
        before, after = zip(*pairs, strict=True)
        yield ReplayProgress(
            done=len(days),
            days=len(days),
            first=days[0].name,
            last=days[-1].name,
            before=list_lived(before),
            after=list_lived(after),
        )

    async def tomorrow(self, cpts_id: str, now: datetime) -> Tomorrow:
        """What tomorrow still lacks, learnt from the days most like it; raises `NoDayLived`."""
        parameters, territory = await parameters_of(self.session, cpts_id), self.territories[cpts_id]
        zone = await zone_at(self.session, cpts_id)
        begins, ends = morning_of(now, 1, zone), morning_of(now, 2, zone)
        days = alike(await self.read_lived(cpts_id, LEARNT_DAYS, now), begins)
        at_s = int(begins.timestamp())
        slots = tuple(
            slot
            for slot in territory.slots(int(now.timestamp()))
            if at_s <= slot.starts_at_s < int(ends.timestamp()) and slot.places > 0
        )
        people = territory.practitioners(at_s)

        async def compute() -> Tomorrow:
            async with self.turn:
                lack = await self.solver(tomorrow_lacks, days, slots, at_s, people, parameters.core)
            return Tomorrow(day=begins.astimezone(UTC), **asdict(lack))

        # The same past and the same slots give the same answer, to whoever looks.
        stamp = (at_s, slots, tuple((day.name, len(day.requests)) for day in days), parameters)
        return await self.kept(cpts_id, stamp, compute)


def _on(day: Day, change: Supposition) -> Supposition:
    """The change as a day takes it: who had no slot that day is not missed."""
    there = {slot.practitioner for slot in day.slots}
    return replace(change, without=tuple(one for one in change.without if one in there))


def list_lived(outcomes: Sequence[DayOutcome]) -> Lived:
    """Days together, as the page says them."""
    total, shown = add_outcomes(list(outcomes)), figures(outcomes)
    return Lived(
        asked=sum(total.asked),
        served=sum(total.asked) - sum(total.unserved),
        served_within_24_h=sum(total.within_24_h),
        unserved_by_class=total.unserved,
        travel_min=round(shown.travel_min, 1),
        delay_min=round(shown.delay_min),
        gini=shown.gini,
    )


async def foresight(connection: HTTPConnection, session: SessionDep) -> ForesightDesk:
    """What looking ahead works with."""
    find = partial(find_part, connection)
    return ForesightDesk(
        session, find(Territories), find(SlotHistory), find(Solver), find(ForesightTurn), find(KeptTomorrow)
    )


ForesightDep = Annotated[ForesightDesk, Depends(foresight, scope="function")]


@routes.post("/whatif")
async def what_if(form: WhatIf, caller: CallerDep, desk: ForesightDep) -> StreamingResponse:
    """Replay the last days with a change: events that say how far it is, the last one with the answer."""
    caller.require(*READERS)
    caller.require_cpts(form.cpts_id)
    change = await desk.change(form)
    days = await desk.read_replayed(form, await database_now(desk.session))

    async def tell() -> AsyncIterator[str]:
        async for answer in desk.replay(days, change):
            yield f"data: {answer.model_dump_json()}\n\n"

    return StreamingResponse(tell(), media_type="text/event-stream")


@routes.get("/tomorrow")
async def tomorrow(caller: CallerDep, desk: ForesightDep, cpts: CptsId) -> Tomorrow:
    """How many slots tomorrow still lacks, and when."""
    caller.require(*READERS)
    caller.require_cpts(cpts)
    return await desk.tomorrow(cpts, await database_now(desk.session))
