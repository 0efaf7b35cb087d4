"""The statement of a practitioner: each act of a month as a supplement, an own patient sent, or none."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.availability.app.public_holidays import public_holidays
from services.availability.core.acts import ActReason, Counted, statement
from services.availability.store import acts as store
from services.availability.tables import CptsRow, PractitionerRow
from shared.auth import Caller
from shared.db import database_now
from shared.db.clock import day_at, midnight, monday_of
from shared.refusals import NotFound
from shared.typed.zones import zone_of_all

AROUND = timedelta(days=8)
"""Weeks that begin before a month, or end after it, counted whole wherever the place is."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The acts of one month, and how many supplements of this week are paid so far, of how many."""

    month: date
    acts: list[Counted]
    paid_this_week: int
    weekly_limit: int | None

    @property
    def cents(self) -> int:
        """What the month pays on top."""
        return sum(each.cents for each in self.acts)


async def statement_of(
    session: AsyncSession, caller: Caller, cpts_id: str, practitioner_id: UUID, month: date | None
) -> Statement:
    """What a practitioner did in a month, this one when none is said; raises `NotAllowed`, `NotFound`."""
    caller.require_practitioner(practitioner_id)
    who = await session.get(PractitionerRow, practitioner_id)
    if who is None:
        raise NotFound
    cpts = await session.get(CptsRow, cpts_id)
    zone = zone_of_all(cpts.communes if cpts else ())
    today = day_at(await database_now(session), zone)
    first = (month or today).replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1)
    rules = await store.rules(session)

    async def count(since: datetime, until: datetime) -> list[Counted]:
        found = await store.acts(session, practitioner_id, since - AROUND, until + AROUND, public_holidays)
        return list(statement(found, who.profession, rules))

    of_month = await count(midnight(first, zone), midnight(last, zone))
    monday = monday_of(today)
    of_week = await count(midnight(monday, zone), midnight(monday + timedelta(days=7), zone))
    known = [rule for rule in rules if rule.valid_from <= today and who.profession in rule.professions]
    return Statement(
        month=first,
        acts=[each for each in of_month if first <= each.act.local.date() < last],
        paid_this_week=sum(each.reason is ActReason.PAID and each.act.week == monday for each in of_week),
        weekly_limit=known[-1].weekly_limit if known else None,
    )
