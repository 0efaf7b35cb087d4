"""A practitioner's lists as files: `/exports/NAME.csv` or `.xlsx`, for them, their delegates and who runs the CPTS."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from babel.dates import get_day_names
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability import reads
from services.availability.api.slots import LONGEST_PAST, WRITERS
from services.availability.app.calendar import openings as calendar
from services.availability.app.statement import statement_of
from services.availability.store import ledger
from services.availability.tables import CptsRow, PlaceRow, SlotRow
from shared.auth import Caller
from shared.contracts import BookingView, SlotView
from shared.db import database_now
from shared.db.clock import day_at, midnight, zone_at
from shared.http import CallerDep, SessionDep
from shared.http.export import Cell, FileKind, as_file, name_list
from shared.outside.asked import LINE, CptsId, Instant
from shared.refusals import Invalid, NotFound
from shared.wording.labels import Wording, language_of, wording

WEEKS = 53
routes = APIRouter(tags=["exports"])
Table = list[list[Cell]]


@dataclass(frozen=True, slots=True)
class SlotListAsk:
    """Whose list, for which CPTS, in which words; of the slots that start between two instants."""

    session: AsyncSession
    caller: Caller
    words: Wording
    cpts: str
    practitioner_id: UUID
    start: datetime
    end: datetime

    def header(self, *columns: str) -> list[Cell]:
        """The titles of columns."""
        return [self.words.say(f"export.{column}") for column in columns]

    async def places(self) -> dict[UUID, str]:
        """Names of places."""
        return dict((await self.session.exec(select(PlaceRow.id, PlaceRow.name))).all())


async def day(ask: SlotListAsk) -> Table:
    """One line per slot, one per patient where there are some; nobody is named."""
    found = await reads.slot_views(
        ask.session,
        reads.visible_to(ask.cpts),
        col(SlotRow.practitioner_id) == ask.practitioner_id,
        col(SlotRow.starts_at) >= ask.start,
        col(SlotRow.starts_at) < ask.end,
    )
    places = await ask.places()
    lines: Table = []
    for slot in found.values():
        about: list[Cell] = [
            slot.starts_at,
            slot.ends_at,
            places.get(UUID(slot.place_id), ""),
            ", ".join(ask.words.label("mode", mode) for mode in slot.modes),
            ", ".join(ask.words.label("slot_type", kind) for kind in slot.types),
        ]
        here: list[BookingView | None] = [*slot.bookings] or [None]
        lines += [[*about, _state(ask.words, slot, booking)] for booking in here]
    return [ask.header("starts_at", "ends_at", "place", "modes", "seen_by", "state"), *lines]


def _state(words: Wording, slot: SlotView, booking: BookingView | None) -> str:
    if booking is not None:
        return words.label("booking_state", booking.state)
    return words.say({"published": "slots.free", "withdrawn": "slots.withdrawn"}.get(slot.status, "slots.given_back"))


async def ledger_by_week(ask: SlotListAsk) -> Table:
    """Patients served, those unknown before, those on top: a line per week of the last year."""
    today = (await ledger.LedgerDays.read(ask.session, await database_now(ask.session))).at(ask.cpts)
    found = await ledger.by_week(ask.session, ask.cpts, ask.practitioner_id, today, WEEKS)
    lines: Table = [[day_at(week.starts_at, today.zone), week.served, week.unknown, week.on_top] for week in found]
    return [ask.header("week_of", "served", "unknown", "on_top"), *lines]


async def openings(ask: SlotListAsk) -> Table:
    """What comes back every week."""
    places, days = await ask.places(), get_day_names("wide", locale=ask.words.language)
    found = await calendar.openings_of(ask.session, ask.practitioner_id)
    lines: Table = [
        [
            ", ".join(days[number - 1] for number in each.weekdays),
            f"{each.from_time:%H:%M}",
            f"{each.to_time:%H:%M}",
            each.minutes,
            places.get(each.place_id, ""),
            each.first_day,
            each.last_day,
        ]
        for each in found
    ]
    return [ask.header("days", "from", "to", "minutes", "place", "first_day", "last_day"), *lines]


async def absences(ask: SlotListAsk) -> Table:
    """When they are away."""
    found = await calendar.absences_of(ask.session, ask.practitioner_id)
    lines: Table = [[each.starts_at, each.ends_at] for each in found]
    return [ask.header("from", "to"), *lines]


async def acts(ask: SlotListAsk) -> Table:
    """Each act of the month, what it counts as, why, and what it pays on top."""
    found = await statement_of(ask.session, ask.caller, ask.cpts, ask.practitioner_id, day_at(ask.start))
    lines: Table = [
        [
            each.act.starts_at,
            ask.words.say(f"me.act.{each.kind}"),
            ask.words.say(f"me.act_why.{each.reason}"),
            each.cents / 100,
        ]
        for each in found.acts
    ]
    return [ask.header("starts_at", "act_kind", "act_why", "euros"), *lines]


LISTS: Mapping[str, Callable[[SlotListAsk], Awaitable[Table]]] = {
    "day": day,
    "ledger": ledger_by_week,
    "openings": openings,
    "absences": absences,
    "acts": acts,
}
"""Each list by name."""


@routes.get("/exports/{name}.{kind}")
async def export(
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    name: Annotated[str, Path(max_length=40), LINE],
    kind: FileKind,
    cpts: CptsId,
    practitioner_id: UUID,
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[Instant | None, Query(alias="to")] = None,
) -> Response:
    """A list as a file; `day` holds the slots that start between `from` and `to`, today when nobody says."""
    caller.require(*WRITERS)
    caller.require_cpts(cpts)
    caller.require_practitioner(practitioner_id)
    if name not in LISTS:
        raise NotFound(field="name", value=name, rule=f"one of {', '.join(LISTS)}")
    zone = await zone_at(session, cpts)
    first = start or midnight(day_at(await database_now(session), zone), zone)
    last = end or first + timedelta(days=1)
    if last - first > LONGEST_PAST:
        raise Invalid(field="to", value=last.isoformat(), rule=f"at most {LONGEST_PAST.days} days after `from`")
    ask = SlotListAsk(session, caller, wording(language_of(request.cookies)), cpts, practitioner_id, first, last)
    cpts_name = (await ask.session.get_one(CptsRow, cpts)).name
    return as_file(await name_list(session, ask.words, name, cpts, cpts_name), kind, await LISTS[name](ask))
