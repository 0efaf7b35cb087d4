"""What became of the requests of a period, in counts: for the coordinator's evening, and for the committee.

A count that could be somebody is not told to the committee: under five it is hidden, and one more beside it when the
total would give it away.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import run
from shared.db.clock import day_at, midnight, monday_of, zone_at
from shared.http.export import Cell

LEAST = 5
"""The smallest count that the committee is told."""
TREND_WEEKS = 12
WEEK = timedelta(days=7)
SERVED = frozenset({"confirmed", "honoured", "no_show"})
WITHIN = timedelta(hours=48)
NO_REQUEST = ("mistake", "duplicate")
ROWS = text(
    """
    select request.urgency, request.insee, request.source, request.act, request.state, request.reason,
           request.submitted_at, given.at as given_at,
           exists (
               select from matching.request_change change
               where change.request_id = request.id and change.to_state = 'unserved'
           ) as lost
    from matching.request
    left join lateral (
        select min(change.at) as at from matching.request_change change
        where change.request_id = request.id and change.to_state = 'confirmed'
    ) given on true
    where request.cpts_id = :cpts and request.submitted_at >= :since and request.submitted_at < :until
      and not (request.state = 'cancelled' and request.reason = any (:not_asked))
    """
)


class ReviewPart(BaseModel):
    """So many requests: how many got a slot, within 48 h, how long the median one waited, how many were left without.

    None: too few to be told.
    """

    of: str
    asked: int | None
    served: int | None = None
    within_48_h: int | None = None
    median_s: int | None = None
    lost: int | None = None


class Period(BaseModel):
    """The requests made in a period, all together and part by part."""

    since: datetime
    until: datetime
    total: ReviewPart
    by_class: list[ReviewPart]
    by_commune: list[ReviewPart]
    by_motive: list[ReviewPart]
    by_source: list[ReviewPart]
    by_hour: list[ReviewPart]
    closed: list[ReviewPart]


class Review(BaseModel):
    """A period, the same length so many days before, and the last weeks. `least`: counts under it are not told."""

    least: int
    now: Period
    before: Period
    weeks: list[ReviewPart]


Record = Row[tuple[object, ...]]


async def review(
    session: AsyncSession, cpts_id: str, since: datetime, until: datetime, before: timedelta, least: int
) -> Review:
    """What became of a period's requests, beside those of the same length so long before; `least` 0: all is told."""
    zone = await zone_at(session, cpts_id)
    monday = monday_of(day_at(until, zone))
    mondays = [monday - n * WEEK for n in reversed(range(TREND_WEEKS))]
    first = min(since - before, midnight(mondays[0], zone))
    rows = list(await run(session, ROWS, cpts=cpts_id, since=first, until=until, not_asked=list(NO_REQUEST)))
    trend = [_part(_between(rows, midnight(day, zone), midnight(day + WEEK, zone)), day.isoformat()) for day in mondays]
    return Review(
        least=least,
        now=_period(rows, since, until, least, zone),
        before=_period(rows, since - before, until - before, least, zone),
        weeks=[_hide_counts(part, least) for part in trend],
    )


def _period(rows: Sequence[Record], since: datetime, until: datetime, least: int, zone: ZoneInfo) -> Period:
    own = _between(rows, since, until)

    def parts(key: Callable[[Record], str], among: Iterable[Record] = own) -> list[ReviewPart]:
        groups: dict[str, list[Record]] = {}
        for row in among:
            groups.setdefault(key(row), []).append(row)
        return hide_small([_part(group, of) for of, group in sorted(groups.items())], least)

    ended = [row for row in own if row.state == "cancelled"]
    return Period(
        since=since,
        until=until,
        total=_hide_counts(_part(own, ""), least),
        by_class=parts(lambda row: f"P{row.urgency}"),
        by_commune=parts(lambda row: row.insee),
        by_motive=parts(lambda row: row.act),
        by_source=parts(lambda row: row.source),
        by_hour=parts(lambda row: f"{row.submitted_at.astimezone(zone):%H}"),
        closed=parts(lambda row: row.reason, ended),
    )


def _between(rows: Iterable[Record], since: datetime, until: datetime) -> list[Record]:
    return [row for row in rows if since <= row.submitted_at < until]


def _part(rows: Sequence[Record], of: str) -> ReviewPart:
    served = [row for row in rows if row.state in SERVED]
    waits = [(row.given_at - row.submitted_at).total_seconds() for row in served if row.given_at]
    return ReviewPart(
        of=of,
        asked=len(rows),
        served=len(served),
        within_48_h=sum(bool(row.given_at) and row.given_at - row.submitted_at <= WITHIN for row in served),
        median_s=round(median(waits)) if waits else None,
        lost=sum(row.lost for row in rows if row.state not in SERVED),
    )


def hide_small(parts: list[ReviewPart], least: int) -> list[ReviewPart]:
    """Parts of one whole as they may be told: one hidden alone would be what is missing to the total."""
    asked = {part.of: part.asked or 0 for part in parts}
    small = {of for of, count in asked.items() if count < least}
    if len(small) == 1 and len(parts) > 1:
        small.add(min((of for of in asked if of not in small), key=lambda of: asked[of]))
    return [ReviewPart(of=part.of, asked=None) if part.of in small else _hide_counts(part, least) for part in parts]


def _hide_counts(part: ReviewPart, least: int) -> ReviewPart:
    """A part without the counts under the least, nor those that would leave so few when taken from it."""
    if part.asked == 0:
        return part
    if part.asked is None or part.asked < least:
        return ReviewPart(of=part.of, asked=None)

    def fits(count: int | None) -> int | None:
        few = count is not None and (0 < count < least or 0 < (part.asked or 0) - count < least)
        return None if few else count

    return part.model_copy(
        update={name: fits(getattr(part, name)) for name in ("served", "within_48_h", "lost")}
        | ({} if fits(part.served) is not None else {"median_s": None})
    )


COLUMNS = ("asked", "served", "within_48_h", "median_min", "lost")


def lines(found: Review, named: Callable[[str, str], str], few: str) -> list[list[Cell]]:
    """A review as rows of a file: what, of, and each figure beside the one before. `few` stands for a hidden count."""

    def cells(part: ReviewPart) -> list[Cell]:
        minutes = None if part.median_s is None else part.median_s // 60
        told = (part.asked, part.served, part.within_48_h, minutes, part.lost)
        return [few if each is None and part.asked != 0 else each or 0 for each in told]

    rows: list[list[Cell]] = [["total", "", *cells(found.now.total)], ["before", "", *cells(found.before.total)]]
    for kind in ("class", "commune", "motive", "source", "hour"):
        rows += [[kind, named(kind, part.of), *cells(part)] for part in getattr(found.now, f"by_{kind}")]
    rows += [["closed", named("closed", part.of), *cells(part)] for part in found.now.closed]
    return rows + [["week", date.fromisoformat(part.of), *cells(part)] for part in found.weeks]


def shift_compared(since: datetime, until: datetime) -> timedelta:
    """How long before a period the one it is compared with is: whole weeks, so that the days are the same."""
    return max(1, -(-(until - since) // WEEK)) * WEEK
