"""What a message says: what happened and when. Nothing of the patient, whatever the services know."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from services.people.notices.kinds import DETAILS
from services.people.notices.tables import NoticeRow
from shared.db.clock import PARIS
from shared.wording.labels import Wording

MOST_LINES = 5


@dataclass(frozen=True, slots=True)
class Message:
    """A title, a few lines, and the page that shows the details."""

    title: str
    lines: tuple[str, ...]
    path: str


def moment(words: Wording, at: datetime, now: datetime, zone: ZoneInfo = PARIS) -> str:
    """A time as people say it: « aujourd'hui à 14:15 »."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    days = {today: "time.today", today + timedelta(days=1): "time.tomorrow"}
    key = days.get(local.date())
    day = words.say(key) if key else format_date(local, "EEEE d MMMM", locale=words.language)
    return words.say("notices.moment", day=day, time=format_time(local, "H:mm", locale=words.language))


def line(
    words: Wording, kind: str, starts_at: datetime | None, count: int, now: datetime, zone: ZoneInfo = PARIS
) -> str:
    """One line for so many notices of a kind about one moment."""
    when = "" if starts_at is None else moment(words, starts_at, now, zone)
    return words.say(f"notices.text.{kind}", n=count, when=when)


def compose(
    words: Wording, rows: Sequence[NoticeRow], now: datetime, *, home: str, zones: Mapping[str, ZoneInfo]
) -> Message:
    """One message for all of these notices, in the order of time and by the clocks of each one's territory."""
    counted = Counter((row.kind, row.starts_at, zones.get(row.cpts_id, PARIS)) for row in rows)
    lines = [line(words, kind, starts_at, count, now, zone) for (kind, starts_at, zone), count in counted.items()]
    pages = {DETAILS.get(row.kind, home) for row in rows}
    path = next(iter(pages)) if len(pages) == 1 else home
    if len(lines) == 1:
        return Message(lines[0], (), path)
    shown = lines[:MOST_LINES]
    if left := len(lines) - len(shown):
        shown.append(words.say("notices.more", n=left))
    return Message(words.say("notices.several", n=len(rows)), tuple(shown), path)
