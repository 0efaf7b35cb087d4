"""What people were told, compared with what is true in the end: a promise that only a person may end was kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from shared.db import run
from shared.settings import Settings
from tests.builders import owner

LIVE = {"held", "confirmed"}
TAKEN_AWAY = {"booking_ended", "slot_withdrawn"}
BOOKINGS = text("""
select b.id::text as id, b.state, split_part(b.request_id, '.', 1) as request,
       array(select c.by from availability.booking_change c where c.booking_id = b.id and c.state = b.state) as ended_by
from availability.booking b where b.request_id is not null
""")
REQUESTS = text("select id::text as id, state, booking_id::text as booking, companions, told_at from matching.request")
STORIES = text("""
select request_id::text as request, code, by, from_state, to_state, at from matching.request_change
order by request_id, version
""")
GAPS = (
    text(
        """
select '{0}' as stream, cpts_id from {0}.event group by cpts_id having max(seq) - min(seq) + 1 <> count(*)
union all
select '{0}', h.cpts_id from {0}.event_head h
where h.seq > 0 and h.seq <> (select max(seq) from {0}.event e where e.cpts_id = h.cpts_id)
""".format("availability")
    ),
    text(
        """
select '{0}' as stream, cpts_id from {0}.event group by cpts_id having max(seq) - min(seq) + 1 <> count(*)
union all
select '{0}', h.cpts_id from {0}.event_head h
where h.seq > 0 and h.seq <> (select max(seq) from {0}.event e where e.cpts_id = h.cpts_id)
""".format("matching")
    ),
)


@dataclass
class Told:
    """What people asked and were answered: `done` with a success, `tried` whatever came back."""

    submitted: list[str] = field(default_factory=list)
    done: dict[str, list[str]] = field(default_factory=dict)
    tried: dict[str, list[str]] = field(default_factory=dict)

    def note(self, request_id: str, act: str, *, success: bool) -> None:
        """Somebody acted on a request."""
        self.tried.setdefault(request_id, []).append(act)
        if success:
            self.done.setdefault(request_id, []).append(act)


@dataclass(frozen=True)
class Truth:
    """What stands in both services' own tables."""

    requests: Mapping[str, Any]
    bookings: Mapping[str, list[Any]]
    stories: Mapping[str, list[Any]]
    gaps: list[str]


async def truth(settings: Settings) -> Truth:
    """Read both services' tables."""
    async with owner(settings) as session:
        await run(session, text("select set_config('aiguillage.cpts', '*', true)"))
        requests = {row.id: row for row in await run(session, REQUESTS)}
        bookings: dict[str, list[Any]] = {}
        for row in await run(session, BOOKINGS):
            bookings.setdefault(row.request, []).append(row)
        stories: dict[str, list[Any]] = {}
        for row in await run(session, STORIES):
            stories.setdefault(row.request, []).append(row)
        gaps = [f"{row.stream} {row.cpts_id}" for each in GAPS for row in await run(session, each)]
    return Truth(requests, bookings, stories, gaps)


def disagreements(found: Truth) -> list[str]:
    """Where a request and its bookings say different things; holds that wait to be given back count too."""
    faults = []
    for key, request in found.requests.items():
        live = {row.id: row.state for row in found.bookings.get(key, ()) if row.state in LIVE}
        own = {request.booking, *request.companions} if request.state in LIVE else set()
        if live != dict.fromkeys(own, request.state):
            faults.append(f"{key} is {request.state} with {sorted(own)}, its live bookings are {live}")
    return faults


def broken_promises(told: Told, found: Truth) -> list[str]:
    """Every way in which what people were told did not hold."""
    faults = [f"a gap in {each}" for each in found.gaps]
    faults += [f"{key} was lost" for key in told.submitted if key not in found.requests]
    for key, story in found.stories.items():
        faults += [f"{key}: {fault}" for fault in _of_one(story, told.done.get(key, []), told.tried.get(key, []))]
        faults += [f"{key}: {fault}" for fault in _taken_away(story, found.bookings.get(key, ()))]
    return faults


def _of_one(story: Iterable[Any], done: list[str], tried: list[str]) -> Iterable[str]:
    codes = [change.code for change in story]
    hand = False
    for change in story:
        if change.code == "held":
            hand = change.by != "round"
        if change.code == "confirmed" and hand and change.by == "round" and "confirm" not in tried:
            yield "confirmed by a round while a hand held it"
    if "confirm" in done and "confirmed" not in codes:
        yield "a confirmation was acknowledged and never recorded"
    if done.count("confirm") and codes.count("confirmed") > 1 + sum(code in TAKEN_AWAY for code in codes):
        yield "confirmed more than once"
    if "cancel" in done and codes.count("cancelled") != 1:
        yield "an acknowledged cancellation is not in the story exactly once"


def _taken_away(story: Iterable[Any], bookings: Iterable[Any]) -> Iterable[str]:
    """A confirmed patient loses the place only by somebody of the practitioner's side."""
    lost = [change for change in story if change.from_state == "confirmed" and change.to_state == "open"]
    theirs = [row for row in bookings if row.state == "cancelled" and "machine:matching" not in row.ended_by]
    if len(lost) > len(theirs):
        yield f"a confirmed patient was moved ({[change.code for change in lost]}) and nobody had cancelled"
