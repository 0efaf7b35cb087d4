"""What each list holds when it leaves as a file: the same rows as the page shows, nothing of a patient."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.doctors.api.register import list_attachments
from services.matching.doctors.api.rounds import read_round
from services.matching.hub.directory import HubDirectory
from services.matching.lab.api.foresight import ForesightDesk, Lived, WhatIf
from services.matching.motives.reads import labels
from services.matching.sameday.api.requests import list_requests, read_request
from services.matching.sameday.edges.following import SlotsUnknown, Territory
from services.people.audit import labels_of
from shared.auth import Caller
from shared.contracts import ON_THE_BOARD, RequestState, RequestView
from shared.db import database_now
from shared.db.tables import CommuneRow
from shared.http.export import Cell
from shared.http.parts import find_part
from shared.refusals import Invalid
from shared.wording.labels import Wording

SHOWN = (*sorted(ON_THE_BOARD), RequestState.HELD)
Table = Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class ListAsk:
    """Which list, for whom: `of` is the request or the round it is about, `change` what a replay is to change."""

    request: Request
    session: AsyncSession
    caller: Caller
    words: Wording
    cpts: str
    of: UUID | None
    change: WhatIf
    foresight: ForesightDesk
    account: str = ""
    item: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def header(self, *columns: str) -> list[Cell]:
        """The titles of columns."""
        return [self.words.say(f"export.{column}") for column in columns]

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> "Table":
        """Titled rows."""
        return [self.header(*columns), *rows]

    @property
    def territory(self) -> Territory:
        """What is known of the slots; raises `SlotsUnknown`."""
        return self.foresight.territories[self.cpts]

    @property
    def cpts_name(self) -> str:
        """What the CPTS is called; nothing while the directory is not known here."""
        try:
            return str(self.territory.items("cpts").get(self.cpts, {}).get("name", ""))
        except SlotsUnknown:
            return ""

    async def names(self) -> dict[str, str]:
        """Names of practitioners: the last thing a list reads, another service is not waited for in a transaction."""
        await self.session.commit()
        return await find_part(self.request, HubDirectory).names(self.cpts)

    async def communes(self) -> dict[str, str]:
        """Names of communes."""
        return dict((await self.session.exec(select(CommuneRow.insee, CommuneRow.name))).all())

    def about(self) -> UUID:
        """What the list is about; raises `Invalid` when nobody said."""
        if self.of is None:
            raise Invalid("Dites de quelle demande ou de quel tour (of).", field="of", rule="required")
        return self.of


async def board(ask: ListAsk) -> Table:
    """What waits for a slot."""
    return await _requests(ask, await list_requests(ask.caller, ask.session, ask.cpts, list(SHOWN)))


async def mine(ask: ListAsk) -> Table:
    """What the reader asked."""
    found = await list_requests(ask.caller, ask.session, ask.cpts, [])
    return await _requests(ask, [each for each in found if each.asked_by == ask.caller.id])


async def _requests(ask: ListAsk, found: Iterable[RequestView]) -> Table:
    communes = await ask.communes()
    acts = await labels(ask.session)
    columns = (
        "submitted_at",
        "urgency",
        "commune",
        "motive",
        "state",
        "deadline_at",
        "blocks",
        "next_step_at",
        "told_at",
    )
    return ask.table(
        (*columns, "reason"),
        (
            [
                each.submitted_at,
                f"P{each.urgency}",
                communes.get(each.insee, each.insee),
                acts.get(each.act, each.act),
                ask.words.label("request_state", each.state),
                each.deadline_at,
                _blocks(ask.words, each.blockers),
                each.next_step_at,
                each.told_at,
                say_reason(ask.words, each.reason),
            ]
            for each in found
        ),
    )


def say_reason(words: Wording, code: str) -> str:
    """Why a request stands where it does: who closed it said so, a step is due, a slot went, or what excludes most."""
    kinds = [f"codes.{kind}" for kind in ("closure", "cancellation", "step", "blocker")] + ["tension.change"]
    return next((words.texts[f"{kind}.{code}"] for kind in kinds if f"{kind}.{code}" in words.texts), code)


def _blocks(words: Wording, blockers: Mapping[str, int]) -> str:
    ordered = sorted(blockers.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {words.label('blocker', code)}" for code, count in ordered)


async def story(ask: ListAsk) -> Table:
    """Everything that happened to one request."""
    found = (await read_request(ask.about(), ask.caller, ask.session)).story
    who = await labels_of(ask.session, {change.by for change in found})
    return ask.table(
        (
            "at",
            "what",
            "state",
            "by",
        ),
        (
            [
                change.at,
                _change(ask.words, change.code),
                ask.words.label("request_state", change.to_state),
                who.get(change.by, change.by),
            ]
            for change in found
        ),
    )


def _change(words: Wording, code: str) -> str:
    return words.texts.get(f"tension.change.{code}", code)


async def fairness(ask: ListAsk) -> Table:
    """Who carries the load."""
    names, people = await ask.names(), ask.territory.items("practitioners").values()
    ordered = sorted(people, key=lambda each: (-each["served_4_weeks"], names.get(each["id"], "")))
    return ask.table(
        (
            "practitioner",
            "profession",
            "week",
            "week_cap",
            "four_weeks",
            "paused",
        ),
        (
            [
                names.get(each["id"], each["id"]),
                ask.words.label("profession", each["profession"]),
                each["served_this_week"],
                each["week_cap"],
                each["served_4_weeks"],
                ask.words.say("export.yes") if each["paused"] else "",
            ]
            for each in ordered
        ),
    )


async def free(ask: ListAsk) -> Table:
    """Slots with a place left."""
    communes, places = await ask.communes(), ask.territory.items("places")
    now = int((await database_now(ask.session)).timestamp())
    names = await ask.names()
    values = ask.territory.items("slots")
    found = [slot for slot in ask.territory.slots(now) if slot.places > 0]
    rows: list[Sequence[Cell]] = []
    for slot in sorted(found, key=lambda each: each.starts_at_s):
        insee = places[values[slot.id]["place_id"]]["insee"]
        modes = ", ".join(ask.words.label("mode", mode) for mode in sorted(slot.modes))
        at = datetime.fromisoformat(values[slot.id]["starts_at"])
        rows.append([at, names.get(slot.practitioner, ""), communes.get(insee, insee), modes, slot.places])
    return [ask.header("starts_at", "practitioner", "commune", "modes", "places"), *rows]


async def register(ask: ListAsk) -> Table:
    """People without a médecin traitant."""
    communes, found = await ask.communes(), await list_attachments(ask.caller, ask.session, ask.cpts, [])
    names = await ask.names()
    return ask.table(
        (
            "registered_at",
            "class",
            "commune",
            "state",
            "proposed_to",
            "answer_by",
        ),
        (
            [
                each.registered_at,
                ask.words.label("attachment_class", each.priority_class),
                communes.get(each.insee, each.insee),
                ask.words.label("attachment_state", each.state),
                names.get(each.practitioner_id or "", ""),
                each.answer_by,
            ]
            for each in found
        ),
    )


async def proposals(ask: ListAsk) -> Table:
    """What one round decided for each person, and where that stands now."""
    round_ = await read_round(ask.about(), ask.caller, ask.session)
    communes = await ask.communes()
    entries = {each.id: each for each in await list_attachments(ask.caller, ask.session, round_.cpts_id, [])}
    names = await ask.names()
    rows: list[Sequence[Cell]] = []
    for line in round_.outcomes:
        entry = entries.get(str(line.attachment_id))
        rows.append(
            [
                ask.words.label("attachment_class", line.priority_class),
                communes.get(entry.insee, entry.insee) if entry else "",
                names.get(str(line.practitioner_id or ""), ""),
                line.why["travel_s"] // 60 if "travel_s" in line.why else "",
                ask.words.label("attachment_blocker", line.blocker) if line.blocker else "",
                ask.words.label("attachment_state", entry.state) if entry else "",
            ]
        )
    return [ask.header("class", "commune", "proposed_to", "travel_min", "blocks", "state"), *rows]


async def what_if(ask: ListAsk) -> Table:
    """Both sides of a replay."""
    change = await ask.foresight.change(ask.change)
    days = await ask.foresight.read_replayed(ask.change, await database_now(ask.session))
    last = None
    async for answer in ask.foresight.replay(days, change):
        last = answer
    assert last is not None  # noqa: S101  a replay ends with its answer
    before, after = last.before, last.after
    assert before is not None and after is not None  # noqa: S101, PT018
    sides = _sides(before), _sides(after)
    return [
        ask.header("figure", "today", "changed"),
        *([ask.words.say(f"whatif.row.{name}"), one, sides[1][name]] for name, one in sides[0].items()),
    ]


def _sides(lived: Lived) -> dict[str, Cell]:
    plain: dict[str, Any] = lived.model_dump(exclude={"unserved_by_class"})
    return {**plain, **{f"unserved_p{n}": left for n, left in enumerate(lived.unserved_by_class, start=1)}}


async def tomorrow(ask: ListAsk) -> Table:
    """What tomorrow lacks, two hours at a time."""
    found = await ask.foresight.tomorrow(ask.cpts, await database_now(ask.session))
    rows: list[Sequence[Cell]] = [ask.header("hours", "expected", "published", "to_open")]
    for block in found.blocks:
        hours = f"{block.from_s // 3600} h – {block.until_s // 3600} h"
        rows.append([hours, block.expected, block.published, block.to_open])
    return rows
